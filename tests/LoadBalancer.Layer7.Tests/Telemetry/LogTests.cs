using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Telemetry;

public sealed class LogTests
{
    // Whatever becomes of requests: answered, from the cache, retried, refused by a limit, without a route, without a backend.
    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task No_request_has_a_line_above_debug(Way way)
    {
        if (way == Way.Yarp)
        {
            TestBalancer.ForwardByYarp();
        }

        // The server lets ASP.NET Core and YARP say less than they would.
        var logs = new LogRecorder("LoadBalancer.");
        await using var good = await TestBackend.StartAsync("good");
        await using var gone = await TestBackend.StartAsync("gone");
        var options = TestBalancer.Options(
            ("all", new() { Path = "/all/{**rest}", RemovePrefix = "/all", Policy = SelectionPolicy.First, Retry = new() { BackOff = TimeSpan.Zero } }),
            ("cached", new() { Path = "/cached", Cache = new() { Duration = TimeSpan.FromMinutes(1) } }),
            ("limited", new() { Path = "/limited", RateLimit = new() { Requests = 1, Window = TimeSpan.FromHours(1) } }),
            ("empty", new() { Path = "/empty", Pool = "empty" }),
            ("posted", new() { Path = "/posted", Methods = ["POST"] }));
        options.Pools["web"] = new() { HealthCheck = new() { Type = HealthCheckType.None }, OutlierEjection = new() { ConsecutiveFailures = 0 } };
        options.Pools["empty"].PanicThreshold = 100;
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [gone, good], ["empty"] = [] }, logs);
        await gone.DisposeAsync();
        using var client = balancer.CreateClient();
        // What discovery did not find is the name of the service itself, which is judged some time later.
        await TestBalancer.WaitUntilAsync(() => Loud(logs).Any(line => line.Contains("empty:80 Checking", StringComparison.Ordinal)));
        var before = Loud(logs).Length;

        var statuses = new List<int>();
        foreach (var path in new[] { "/all/1", "/all/abort", "/all/missing", "/all/half", "/cached", "/cached", "/limited", "/limited", "/empty", "/nowhere", "/posted" })
        {
            try
            {
                using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
                statuses.Add((int)response.StatusCode);
            }
            catch (HttpRequestException)
            {
                // What is broken off in the middle is broken off here as well.
                statuses.Add(0);
            }
        }

        // What is broken off is one error or another.
        Assert.Equal([200, 404, 200, 200, 200, 429, 503, 404, 405], statuses.Where((_, i) => i is not 1 and not 3));
        Assert.Equal([], Loud(logs)[before..]);
    }

    private static string[] Loud(LogRecorder logs) =>
        [.. logs.Lines.Where(line => !line.StartsWith("Trace:", StringComparison.Ordinal) && !line.StartsWith("Debug:", StringComparison.Ordinal))];
}
