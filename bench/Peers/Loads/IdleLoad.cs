using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Peers.Loads;

/// <summary>One active connection beside many that are open and say nothing: what they cost, and what they do to it.</summary>
internal sealed class IdleLoad(int connections) : ILoad
{
    private const string Path = "/13";
    private const int OpenedAtOnce = 256;
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    public string? Program => null;

    public string WorkUnit => "requests";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        new("p50 of the active one", "ms", HigherIsBetter: false),
        new("p99 of the active one", "ms", HigherIsBetter: false),
        new("memory an idle connection", "KiB", HigherIsBetter: false),
    ];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        var idle = new Socket[connections];
        try
        {
            await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce, CancellationToken = cancellation }, async (i, token) =>
            {
                // Closing resets it, so that runs do not fill the machine with connections that wait for their time-out.
                idle[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new(enable: true, seconds: 0) };
                await idle[i].ConnectAsync(new IPEndPoint(IPAddress.Loopback, run.Port), token);
            });
            // The last ones are accepted, but may not be connected to a backend yet.
            await Task.Delay(Settle, cancellation);
            var bytes = run.AddedBytes();
            var (times, problem) = await AskAsync(run, cancellation);
            problem ??= idle.Any(IsClosed) ? $"{idle.Count(IsClosed)} of {connections} idle connections were closed" : null;
            return problem is null
                ? new(times.Count, [Latencies.Percentile(times, 0.5), Latencies.Percentile(times, 0.99), bytes == 0 ? null : bytes / 1024.0 / connections])
                : new(times.Count, [null, null, null], problem);
        }
        catch (SocketException exception)
        {
            throw new BenchException($"{connections} idle connections cannot be opened: {exception.Message}");
        }
        finally
        {
            foreach (var socket in idle)
            {
                socket?.Dispose();
            }
        }
    }

    // Without the idle ones: memory that they leave behind would be missing from what they are found to need.
    public async Task WarmUpAsync(LoadRun run, CancellationToken cancellation) => await AskAsync(run, cancellation);

    private static async Task<(List<TimeSpan> Times, string? Problem)> AskAsync(LoadRun run, CancellationToken cancellation)
    {
        var times = new List<TimeSpan>();
        using var connection = await HttpConnection.OpenAsync(IPAddress.Loopback, run.Port, Path, cancellation);
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(run.Seconds))
        {
            var since = Stopwatch.GetTimestamp();
            if (await connection.GetAsync(cancellation) is { } problem)
            {
                return (times, problem);
            }

            times.Add(Stopwatch.GetElapsedTime(since));
        }

        return (times, null);
    }

    private static bool IsClosed(Socket socket) => socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
}
