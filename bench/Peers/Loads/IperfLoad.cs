using System.Globalization;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Loads;

/// <summary>Bulk data from iperf3: four TCP streams, or datagrams as fast as they are taken.</summary>
internal sealed class IperfLoad(bool datagrams = false) : ILoad
{
    private const string Streams = "4";

    // What a contender still holds when a run ends would reach the server of the next run, which takes it for a client.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);

    // Fits into an Ethernet frame with IP and UDP headers.
    private const string DatagramBytes = "1400";

    public string? Program => "iperf3";

    public string WorkUnit => datagrams ? "datagrams" : "MiB";

    public IReadOnlyList<Figure> Figures { get; } =
        [datagrams ? new("datagrams delivered a second", "/s", HigherIsBetter: true) : new("throughput", "MiB/s", HigherIsBetter: true)];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        string[] kind = datagrams ? ["--udp", "--bitrate", "0", "--length", DatagramBytes] : ["--parallel", Streams];
        var command = new Command(
            Programs.Find("iperf3")!,
            ["--client", "127.0.0.1", "--port", Text(run.Port), "--time", Text(run.Seconds), "--json", .. kind]);
        var text = await run.Tools.RunAsync(command, cancellation);
        if (datagrams)
        {
            await Task.Delay(Drain, cancellation);
        }

        return datagrams ? IperfOutput.ParseDatagrams(text) : IperfOutput.ParseStreams(text);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
