using System.Globalization;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Playwright;

namespace LoadBalancer.Browser.Tests;

/// <summary>Figures of a balancer that is larger than a test can start, put in place of the true ones.</summary>
internal static class Figures
{
    public static BalancerStatistics Make(int backends, string name = "large", int active = 0, int picks = 0)
    {
        var pool = new PoolStatistics(name, $"http://{name}", SelectionPolicy.LeastConnections, backends, false, 0, active, null, 0, null,
            [.. Enumerable.Range(0, backends).Select(i => Backend(name, i, picks + i))]);
        return new(name, 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, new("balancer.json", DateTimeOffset.UnixEpoch, 0, 0, []), [pool],
            new([new Layer4ListenerStatistics("echo", ["127.0.0.1:7000"], Layer4Protocol.Tcp, Layer4Mode.Relay, name, SelectionPolicy.LeastConnections, active, null, 0, 0, active, 0, new Dictionary<string, long>(), [name], 0, 0)], []),
            Nothing());
    }

    public static ConnectionList Connections(int count) => new(count,
        [.. Enumerable.Range(1, count).Select(i => new ConnectionStatistics(
            i, "echo", Layer4Protocol.Tcp, Layer4Mode.Relay, $"10.{i / 65536}.{i / 256 % 256}.{i % 256}:{40000 + (i % 20000)}", "large",
            $"large-{i % 200}", $"10.0.1.{i % 200}:5000", null, DateTimeOffset.UtcNow.AddSeconds(-i), i * 100L, i * 1000L))]);

    /// <summary>Answers /events with these figures; the page asks anew each half second, and gets the next ones.</summary>
    public static async Task ServeAsync(IPage tab, params BalancerStatistics[] figures)
    {
        var asked = -1;
        await tab.RouteAsync("**/events", async route =>
        {
            var now = Interlocked.Increment(ref asked);
            var statistics = JsonSerializer.Serialize(figures[now % figures.Length], new StatisticsJsonContext(new JsonSerializerOptions(StatisticsJsonContext.Default.Options) { WriteIndented = false }).BalancerStatistics);
            var at = (now * 1000L).ToString(CultureInfo.InvariantCulture);
            await route.FulfillAsync(new() { ContentType = "text/event-stream", Body = $"retry: 500\n\nevent: whole\ndata: {{\"at\":{at},\"statistics\":{statistics}}}\n\n" });
        });
    }

    private static BackendStatistics Backend(string pool, int i, long picks) => JsonSerializer.Deserialize(
        $$"""{"name":{{JsonSerializer.Serialize($"{pool}-{i}")}},"address":"10.0.1.{{i}}:5000","state":"Healthy","weight":1,"priority":0,"active":{{i % 7}},"picks":{{picks}}}""",
        StatisticsJsonContext.Default.BackendStatistics)!;

    private static Layer7Statistics Nothing() => JsonSerializer.Deserialize("""{"listeners":[],"routes":[]}""", StatisticsJsonContext.Default.Layer7Statistics)!;
}
