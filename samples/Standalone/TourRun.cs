using System.Diagnostics;
using System.Text;

namespace Standalone;

/// <summary>Runs samples/LoadGenerator, shows what it prints, and starts replicas again that it kills.</summary>
internal sealed class TourRun(ProcessDescription description, IReadOnlyList<ManagedProcess> processes, OrphanGuard guard, Report report)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <returns>Its exit code: 0 when every claim held.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var start = ProcessStart.Of(description);
        (start.StandardOutputEncoding, start.StandardErrorEncoding) = (Encoding.UTF8, Encoding.UTF8);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        guard.Add(process.Id);
        try
        {
            var output = Task.WhenAll(ShowAsync(process.StandardOutput, report.Line), ShowAsync(process.StandardError, report.Error));
            while (!output.IsCompleted)
            {
                await StartAgainAsync(cancellation);
                await Task.WhenAny(output, Task.Delay(Pause, cancellation));
                cancellation.ThrowIfCancellationRequested();
            }

            await process.WaitForExitAsync(cancellation);
            await StartAgainAsync(cancellation);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            guard.Remove(process.Id);
        }
    }

    private static async Task ShowAsync(StreamReader reader, Action<string> show)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            show(line);
        }
    }

    private async Task StartAgainAsync(CancellationToken cancellation)
    {
        foreach (var process in processes.Where(process => process.HasEndedByItself))
        {
            await process.StartAsync(cancellation);
            report.Line($"{process.Name} was started again, pid {process.Pid}");
        }
    }
}
