using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using LoadBalancer.Configuration.Statistics;

namespace Standalone;

internal static class ReadyChecks
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    public static Func<CancellationToken, Task<bool>> Http(string url) => async cancellation =>
    {
        using var response = await Client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return response.IsSuccessStatusCode;
    };

    public static Func<CancellationToken, Task<bool>> Tcp(int port) => async cancellation =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
        return true;
    };

    /// <summary>A balancer is ready when it says so and can pick every backend: the first clients then see an even spread.</summary>
    public static Func<CancellationToken, Task<bool>> Balancer(string admin, IReadOnlyDictionary<string, int> backends) => async cancellation =>
    {
        using var response = await Client.GetAsync($"{admin}/healthz", cancellation);
        var health = response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync(StatisticsJsonContext.Default.HealthReport, cancellation)
            : null;
        return health is not null && backends.All(pool => health.Pools.GetValueOrDefault(pool.Key) == pool.Value);
    };
}
