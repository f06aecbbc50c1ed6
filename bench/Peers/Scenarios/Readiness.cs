using System.Net.NetworkInformation;
using Peers.Loads;
using Peers.Processes;

namespace Peers.Scenarios;

/// <summary>Waits for a server that was started.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // Between listening and knowing the backends.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(300);

    /// <summary>Waits for an answer over HTTP/1.1.</summary>
    /// <exception cref="BenchException">It ended, or there is none in time.</exception>
    public static Task WaitForAnswerAsync(string name, ProcessGroup process, int port, string path, CancellationToken cancellation) =>
        WaitAsync(name, process, token => FirstAnswer.WaitAsync(port, path, token), cancellation);

    /// <summary>Waits until it listens, and connects to nothing: iperf3 would take a connection for a test.</summary>
    /// <exception cref="BenchException">It ended, or does not listen in time.</exception>
    public static Task WaitUntilListeningAsync(string name, ProcessGroup process, int port, CancellationToken cancellation) =>
        WaitAsync(name, process, token => PollAsync(port, token), cancellation);

    /// <summary>Waits for something that a server will do, unless it ends or takes too long.</summary>
    /// <exception cref="BenchException">It did.</exception>
    public static async Task WaitAsync(string name, ProcessGroup process, Func<CancellationToken, Task> waiting, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ready = waiting(stop.Token);
        var ended = process.WaitForExitAsync(stop.Token);
        var first = await Task.WhenAny(ready, ended, Task.Delay(Limit, stop.Token));
        await stop.CancelAsync();
        await ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (first == ended)
        {
            throw new BenchException($"{name} did not start: {await process.ExplainExitAsync()}");
        }

        if (first != ready)
        {
            throw new BenchException($"{name} did not answer within {Limit.TotalSeconds} s");
        }

        await ready;
    }

    private static async Task PollAsync(int port, CancellationToken cancellation)
    {
        while (!IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port))
        {
            await Task.Delay(Pause, cancellation);
        }

        await Task.Delay(Settle, cancellation);
    }
}
