using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

public sealed partial class PrometheusTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-metrics-test-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Metrics_of_a_server_say_what_known_traffic_was()
    {
        var ports = FreePorts.Take(4);
        var (web, raw, admin, gone) = (ports[0], ports[1], ports[2], ports[3]);
        await using var catalog = TestProcess.Start(BuiltAssemblies.Catalog, ["--urls", "http://127.0.0.1:0"]);
        await catalog.WaitForOutputAsync("Now listening on");
        var address = ListeningOn().Match(catalog.Output).Groups[1].Value;
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(web, raw, admin, gone, address)]);
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{web}"), Timeout = Wait.Patience };
        using var scraper = new HttpClient { BaseAddress = new($"http://127.0.0.1:{admin}"), Timeout = Wait.Patience };
        await Wait.UntilAsync(async () => (await TryGetAsync(scraper, "/healthz"))?.Contains("\"catalog\": 1", StringComparison.Ordinal) == true, () => "the backend's first health check");

        for (var i = 0; i < 3; i++)
        {
            (await client.GetAsync("/cached/", Cancelled)).Dispose();
        }

        (await client.GetAsync("/retried/", Cancelled)).Dispose();
        (await client.GetAsync("/empty/", Cancelled)).Dispose();
        (await client.GetAsync("/nowhere", Cancelled)).Dispose();
        await AskRawAsync(raw);
        await Wait.UntilAsync(
            async () =>
            {
                // Both come a moment after the client has its answer. Requests of one connection end one after the other.
                var soFar = (await ScrapeAsync(scraper)).Values;
                return soFar.GetValueOrDefault("""lb_connection_closed_total{lb_listener="raw",lb_reason="Completed"}""") == 1
                    && soFar.GetValueOrDefault("""lb_request_duration_seconds_count{lb_status_class="4xx"}""") == 1;
            },
            () => "the end of the connection and of the last request in /metrics");

        var (values, types) = await ScrapeAsync(scraper);

        void Is(double expected, string series) => Assert.True(
            values.TryGetValue(series, out var value) && value == expected,
            $"{series} is {(values.ContainsKey(series) ? value : "missing")} and not {expected}; there are:\n{string.Join('\n', values.Keys.Where(key => key.StartsWith(series.Split('{')[0], StringComparison.Ordinal)))}");
        Is(3, """lb_requests_total{lb_pool="catalog",lb_route="cached",lb_status_class="2xx"}""");
        Is(1, """lb_requests_total{lb_pool="mixed",lb_route="retried",lb_status_class="2xx"}""");
        Is(1, """lb_requests_total{lb_pool="none",lb_route="empty",lb_status_class="5xx"}""");
        Is(1, """lb_requests_total{lb_status_class="4xx"}""");
        Is(3, """lb_request_duration_seconds_count{lb_pool="catalog",lb_route="cached",lb_status_class="2xx"}""");
        Is(3, """lb_request_duration_seconds_bucket{lb_pool="catalog",lb_route="cached",lb_status_class="2xx",le="+Inf"}""");
        Is(1, """lb_request_refused_total{lb_reason="NoBackend",lb_route="empty"}""");
        Is(1, """lb_request_refused_total{lb_reason="NoRoute"}""");
        Is(1, """lb_cache_requests_total{lb_cache="miss",lb_route="cached"}""");
        Is(2, """lb_cache_requests_total{lb_cache="hit",lb_route="cached"}""");
        Is(1, "lb_cache_entries");
        Is(1, """lb_retries_total{lb_route="retried"}""");
        Is(1, """lb_picks_total{lb_backend_replica="gone-1",lb_pool="mixed"}""");
        Is(1, """lb_picks_total{lb_backend_replica="catalog-1",lb_pool="mixed"}""");
        Is(1, """lb_failures_total{lb_backend_replica="gone-1",lb_pool="mixed"}""");
        Is(1, """lb_ejections_total{lb_backend_replica="gone-1",lb_pool="mixed"}""");
        Is(0, """lb_backend_up{lb_backend_replica="gone-1",lb_pool="mixed"}""");
        Is(1, """lb_backend_up{lb_backend_replica="catalog-1",lb_pool="mixed"}""");
        Is(1, """lb_backend_count{lb_pool="mixed",lb_state="Ejected"}""");
        Is(0, """lb_backend_count{lb_pool="mixed",lb_state="Draining"}""");
        Is(0, """lb_queue_length{lb_pool="mixed"}""");
        Is(1, """lb_connections_total{lb_listener="raw"}""");
        Is(0, """lb_connection_active{lb_listener="raw"}""");
        Is(1, """lb_connections_total{lb_listener="web"}""");
        Is(1, """lb_connection_active{lb_listener="web"}""");
        Is(5, """lb_io_bytes_total{lb_listener="raw",network_io_direction="transmit"}""");
        Assert.True(values["""lb_io_bytes_total{lb_listener="web",network_io_direction="receive"}"""] > 100);
        Assert.Equal(("counter", "histogram", "gauge", "gauge"), (types["lb_requests_total"], types["lb_request_duration_seconds"], types["lb_connection_active"], types["lb_backend_up"]));
        // ASP.NET Core's own are there too, and nothing has a label that grows with the traffic.
        Assert.Contains(values.Keys, series => series.StartsWith("http_server_request_duration_seconds_count{", StringComparison.Ordinal));
        Assert.All(values.Keys.Where(series => series.StartsWith("lb_", StringComparison.Ordinal)), series => Assert.DoesNotContain("127.0.0.1", series));
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex ListeningOn();

    // Timestamps and the scope's own labels are of no interest here; labels are put in the order of their names.
    [GeneratedRegex(@"^(?<name>[a-z_:][a-z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)( \d+)?$", RegexOptions.IgnoreCase)]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<name>\w+)="(?<value>[^"]*)"(,|$)""")]
    private static partial Regex Label();

    // Units are part of the names: _seconds, _bytes.
    private static async Task<(Dictionary<string, double> Values, Dictionary<string, string> Types)> ScrapeAsync(HttpClient scraper)
    {
        var (values, types) = (new Dictionary<string, double>(), new Dictionary<string, string>());
        var text = await scraper.GetStringAsync("/metrics", Cancelled);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is ["#", "TYPE", var name, var what])
            {
                types[name] = what;
            }
            else if (Sample().Match(line) is { Success: true } sample)
            {
                var labels = Label().Matches(sample.Groups["labels"].Value).Where(label => !label.Groups["name"].Value.StartsWith("otel_scope", StringComparison.Ordinal))
                    .Select(label => $"{label.Groups["name"]}=\"{label.Groups["value"]}\"").Order(StringComparer.Ordinal).ToArray();
                var series = labels is [] ? sample.Groups["name"].Value : $"{sample.Groups["name"]}{{{string.Join(',', labels)}}}";
                // The same series twice would be refused by Prometheus.
                Assert.True(values.TryAdd(series, double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture)), $"{series} is there twice");
            }
        }

        return (values, types);
    }

    private static async Task<string?> TryGetAsync(HttpClient client, string path)
    {
        try
        {
            return await client.GetStringAsync(path, Cancelled);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task AskRawAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, Cancelled);
        // Nothing that HTTP knows: the service refuses it, and closes.
        await socket.SendAsync(Encoding.ASCII.GetBytes("x\r\n\r\n"), Cancelled);
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, Cancelled) > 0)
        {
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    private string Write(int web, int raw, int admin, int gone, string catalog)
    {
        var file = new ConfigurationFile();
        var options = file.LoadBalancer;
        options.Admin = new() { Address = $"127.0.0.1:{admin}", PrometheusMetrics = true };
        var authority = new Uri(catalog).Authority;
        options.Pools["catalog"] = new() { Backends = new() { ["catalog-1"] = new() { Address = authority } } };
        options.Pools["mixed"] = new()
        {
            HealthCheck = new() { Type = HealthCheckType.None },
            OutlierEjection = new() { ConsecutiveFailures = 1, BaseTime = TimeSpan.FromMinutes(5) },
            Backends = new() { ["gone-1"] = new() { Address = $"127.0.0.1:{gone}" }, ["catalog-1"] = new() { Address = authority } },
        };
        options.Pools["none"] = new() { PanicThreshold = 100 };
        file.Services["catalog"] = new() { ["http"] = [catalog] };
        file.Services["mixed"] = new() { ["http"] = [$"http://127.0.0.1:{gone}", catalog] };
        options.Layer4.Listeners["raw"] = new() { Address = $"127.0.0.1:{raw}", Pool = "catalog" };
        options.Layer7.Listeners["web"] = new() { Address = $"127.0.0.1:{web}" };
        options.Layer7.Routes["cached"] = new() { Path = "/cached/{**rest}", RemovePrefix = "/cached", Pool = "catalog", Cache = new() { Duration = TimeSpan.FromMinutes(5) } };
        options.Layer7.Routes["retried"] = new() { Path = "/retried/{**rest}", RemovePrefix = "/retried", Pool = "mixed", Policy = SelectionPolicy.First };
        options.Layer7.Routes["empty"] = new() { Path = "/empty/{**rest}", Pool = "none" };
        var path = Path.Combine(_directory.FullName, "balancer.json");
        File.WriteAllText(path, file.ToJson());
        return path;
    }
}
