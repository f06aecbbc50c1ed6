using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Peers.Loads;

/// <summary>
/// Requests at a constant rate, so that every contender gets the same and a slow answer holds back no other client's
/// request. The clients have different addresses, for policies that look at them. wrk has neither.
/// </summary>
internal sealed class PacedLoad(string path) : ILoad
{
    /// <summary>Clients, each with a connection and an address that it shares with nine others.</summary>
    public const int Connections = 320;

    private const int Addresses = 32;

    // Each client asks five times a second.
    private static readonly long IntervalTicks = Stopwatch.Frequency / 5;

    public string? Program => null;

    public string WorkUnit => "requests";

    public IReadOnlyList<Figure> Figures { get; } =
    [
        new("p50", "ms", HigherIsBetter: false),
        new("p99", "ms", HigherIsBetter: false),
    ];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        var connections = new HttpConnection?[Connections];
        try
        {
            await Parallel.ForAsync(0, Connections, cancellation, async (number, token) =>
                connections[number] = await HttpConnection.OpenAsync(AddressOf(number), run.Port, path, token));

            var times = new ConcurrentBag<TimeSpan>();
            var start = Stopwatch.GetTimestamp();
            var end = start + (run.Seconds * Stopwatch.Frequency);
            // Spread over the interval, or all of them would ask at once.
            var problems = await Task.WhenAll(connections.Select((connection, number) => Task.Run(
                () => AskAsync(connection!, start + (IntervalTicks * number / Connections), end, times, cancellation), cancellation)));
            return problems.OfType<string>().ToArray() is [var first, ..] failures
                ? new(times.Count, [null, null], $"{failures.Length} of {Connections} clients failed, the first with: {first}")
                : new(times.Count, [Latencies.Percentile(times, 0.5), Latencies.Percentile(times, 0.99)]);
        }
        catch (SocketException exception)
        {
            throw new BenchException($"{Connections} connections cannot be opened: {exception.Message}");
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection?.Dispose();
            }
        }
    }

    private static IPAddress AddressOf(int number) => new([127, 0, 1, (byte)(1 + (number % Addresses))]);

    private static async Task<string?> AskAsync(HttpConnection connection, long due, long end, ConcurrentBag<TimeSpan> times, CancellationToken cancellation)
    {
        try
        {
            for (; due < end; due += IntervalTicks)
            {
                var pause = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                var late = pause <= TimeSpan.Zero;
                if (!late)
                {
                    await Task.Delay(pause, cancellation);
                }

                // Time that the answer before was late counts; time that the timer was late does not.
                var since = late ? due : Stopwatch.GetTimestamp();
                if (await connection.GetAsync(cancellation) is { } problem)
                {
                    return problem;
                }

                times.Add(Stopwatch.GetElapsedTime(since));
            }

            return null;
        }
        catch (SocketException exception)
        {
            return exception.Message;
        }
    }
}
