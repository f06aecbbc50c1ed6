using LoadBalancer.Layer7.AccessLog;

namespace LoadBalancer.Layer7.Tests.AccessLog;

internal static class Entries
{
    public static AccessLogEntry Some(string target = "/a?b=c", string userAgent = "curl/8.0", string? referer = null, string host = "shop.example") => new()
    {
        Time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        Method = "GET",
        Host = host,
        Target = target,
        Protocol = "HTTP/1.1",
        Status = 200,
        ClientAddress = "192.0.2.7",
        UserAgent = userAgent,
        Referer = referer,
        Route = "all",
        Pool = "web",
        Backend = "web-1",
        Attempts = 2,
        Duration = TimeSpan.FromMilliseconds(1_234.5),
        FirstByte = TimeSpan.FromMilliseconds(34),
        QueueTime = TimeSpan.FromMilliseconds(5),
        BytesIn = 10,
        BytesOut = 2_326,
        Cache = null,
        Affinity = null,
        Refusal = null,
        TraceId = "0123456789abcdef0123456789abcdef",
    };
}
