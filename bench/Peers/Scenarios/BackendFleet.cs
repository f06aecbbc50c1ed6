using System.Globalization;
using LoadBalancer.Machine;
using Peers.Contenders;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Scenarios;

/// <summary>The backends of a case: one process that listens on a port for each.</summary>
internal sealed class BackendFleet : IAsyncDisposable
{
    private readonly ProcessGroup _process;
    private readonly Dictionary<Protocol, int> _directPorts;

    private BackendFleet(ProcessGroup process, IReadOnlyList<int> ports, Dictionary<Protocol, int> directPorts)
    {
        _process = process;
        Ports = ports;
        _directPorts = directPorts;
    }

    /// <summary>Where contenders reach the backends.</summary>
    public IReadOnlyList<int> Ports { get; }

    public static async Task<BackendFleet> StartAsync(Bench bench, Case @case, CancellationToken cancellation)
    {
        var ports = FreePorts.Take(@case.Backends);
        var direct = Enum.GetValues<Protocol>().ToDictionary(protocol => protocol, _ => ports[0]);
        Command command;
        if (@case.BackendKind == BackendKind.Iperf)
        {
            command = new(Programs.Find("iperf3")!, "--server", "--bind", "127.0.0.1", "--port", Text(ports[0]));
        }
        else
        {
            direct[Protocol.Http2] = FreePorts.Take();
            direct[Protocol.Https] = FreePorts.Take();
            command = HttpBackend(ports, direct[Protocol.Http2], direct[Protocol.Https], bench.CertificatePath, @case.SlowBackend);
        }

        var fleet = new BackendFleet(bench.Start(command), ports, direct);
        try
        {
            await Readiness.WaitUntilListeningAsync("The backend", fleet._process, ports[^1], cancellation);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>A backend alone, for how long bare Kestrel takes to start.</summary>
    public static Command Alone(int port) => Command.Dotnet(BuiltAssemblies.PathOf("Backend"), "--http1", Text(port));

    /// <summary>Where clients reach a backend that is as fast as any without a contender in between.</summary>
    public int DirectPort(Protocol protocol) => _directPorts[protocol];

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static Command HttpBackend(int[] ports, int http2, int https, string certificate, TimeSpan slow)
    {
        string[] slowness = slow > TimeSpan.Zero ? ["--slow", Text(ports[^1]), "--delay", Text((int)slow.TotalMilliseconds)] : [];
        return Command.Dotnet(
            BuiltAssemblies.PathOf("Backend"),
            ["--http1", string.Join(',', ports.Select(Text)), "--http2", Text(http2), "--https", Text(https), "--certificate", certificate, .. slowness]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
