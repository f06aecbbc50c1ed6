using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.EndToEnd.Tests;
using LoadBalancer.Machine;

[assembly: AssemblyFixture(typeof(StandaloneTopology))]

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>The whole sample topology, started once for all tests: thirteen service replicas and two balancers, telemetry sent to the test.</summary>
public sealed class StandaloneTopology : IAsyncLifetime
{
    private readonly int[] _ports = FreePorts.Take(7);
    private readonly int _udpPort = FreePorts.Take();
    private TestProcess? _process;

    internal OtlpReceiver Otlp { get; } = new();

    public Uri Edge => new($"http://localhost:{_ports[0]}");

    public Uri EdgeHttps => new($"https://localhost:{_ports[4]}");

    public async ValueTask InitializeAsync()
    {
        await Otlp.StartAsync();
        _process = TestProcess.Start(
            BuiltAssemblies.Standalone,
            [
                "--no-dashboard", "--edge-port", $"{_ports[0]}", "--edge-admin-port", $"{_ports[1]}",
                "--wire-port", $"{_ports[2]}", "--wire-admin-port", $"{_ports[3]}",
                "--edge-https-port", $"{_ports[4]}", "--wire-catalog-port", $"{_ports[5]}", "--wire-tls-port", $"{_ports[6]}",
                "--wire-udp-port", $"{_udpPort}",
            ],
            new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Otlp.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            });
        await _process.WaitForOutputAsync("\nready");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await Otlp.DisposeAsync();
    }

    /// <summary>A client with one kept-alive connection to <c>edge</c>, by HTTP unless said otherwise. It accepts any certificate.</summary>
    public HttpClient CreateClient(Uri? address = null) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 1,
        UseCookies = false,
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    })
    {
        BaseAddress = address ?? Edge,
        Timeout = Wait.Patience,
    };

    /// <summary>Types a command into Standalone and waits for what it says.</summary>
    public async Task CommandAsync(string command, string answer)
    {
        _process!.WriteLine(command);
        await _process.WaitForOutputAsync(answer);
    }

    /// <summary>The ports of this topology by those that the sample has.</summary>
    public IReadOnlyDictionary<string, int> PortsOfTheSample => new Dictionary<string, int>
    {
        ["8080"] = _ports[0],
        ["9080"] = _ports[1],
        ["7000"] = _ports[2],
        ["9070"] = _ports[3],
        ["8443"] = _ports[4],
        ["7001"] = _udpPort,
        ["7002"] = _ports[5],
        ["7443"] = _ports[6],
    };

    /// <summary>Opens a connection through <c>wire</c>.</summary>
    public async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync("localhost", _ports[2], TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>Sends a line on a connection; the echo is <c>replica pid line</c>.</summary>
    public static async Task<string> EchoAsync(TcpClient client, string line)
    {
        var stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, leaveOpen: true);
        return (await reader.ReadLineAsync(TestContext.Current.CancellationToken))!;
    }

    /// <summary>A client of the UDP listener of <c>wire</c>.</summary>
    public UdpClient CreateUdpClient() => new("127.0.0.1", _udpPort);

    /// <summary>Sends a datagram; the echo is <c>replica pid datagram</c>.</summary>
    public static async Task<string> EchoAsync(UdpClient client, string datagram)
    {
        await client.SendAsync(System.Text.Encoding.UTF8.GetBytes(datagram), TestContext.Current.CancellationToken);
        var received = await client.ReceiveAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Wait.Patience, TestContext.Current.CancellationToken);
        return System.Text.Encoding.UTF8.GetString(received.Buffer);
    }

    public Task<BalancerStatistics> GetEdgeStatisticsAsync() => GetStatisticsAsync(_ports[1]);

    public Task<BalancerStatistics> GetWireStatisticsAsync() => GetStatisticsAsync(_ports[3]);

    public static async Task<string> ReplicaAsync(HttpClient client, string path = "/")
    {
        var answer = await client.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);
        return answer.GetProperty("replica").GetString()!;
    }

    private static async Task<BalancerStatistics> GetStatisticsAsync(int adminPort)
    {
        using var client = new HttpClient { Timeout = Wait.Patience };
        return (await client.GetFromJsonAsync($"http://localhost:{adminPort}/stats", StatisticsJsonContext.Default.BalancerStatistics, TestContext.Current.CancellationToken))!;
    }
}
