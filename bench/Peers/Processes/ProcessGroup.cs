using System.ComponentModel;
using System.Diagnostics;

namespace Peers.Processes;

/// <summary>
/// A program in a session of its own, and with it everything that it starts: Ctrl+C in the terminal does not reach
/// it, its processor time can be added up, and it is stopped as a whole.
/// </summary>
internal sealed class ProcessGroup : IAsyncDisposable
{
    private const string SetSid = "/usr/bin/setsid";
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    // So that no variable of somebody's shell configures one contender and not the others.
    private static readonly string[] KeptVariables = ["PATH", "HOME", "TMPDIR", "DOTNET_ROOT"];

    private readonly Process _process;
    private readonly OrphanGuard _guard;

    private ProcessGroup(Process process, OrphanGuard guard)
    {
        _process = process;
        _guard = guard;
        guard.Add(process.Id);
        Output = process.StandardOutput.ReadToEndAsync();
        Errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Everything that it writes to standard output; complete when it has ended.</summary>
    public Task<string> Output { get; }

    /// <summary>Everything that it writes to standard error; complete when it has ended.</summary>
    public Task<string> Errors { get; }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public ProcessUsage Usage => ProcessUsage.OfSession(_process.Id);

    /// <exception cref="BenchException">It cannot be run.</exception>
    public static ProcessGroup Start(Command command, OrphanGuard guard)
    {
        var start = new ProcessStartInfo(SetSid, [command.File, .. command.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Except(KeptVariables).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new(process, guard);
        }
        catch (Win32Exception exception)
        {
            throw new BenchException($"{command.File} cannot be run: {exception.Message}");
        }
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Its exit code and last words, for a message.</summary>
    public async Task<string> ExplainExitAsync()
    {
        // The cause stands last, except above the stack trace of an exception.
        var cause = $"{await Output}\n{await Errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(line => !line.StartsWith("at ", StringComparison.Ordinal));
        return $"exit code {ExitCode}: {cause ?? "it said nothing"}";
    }

    public async ValueTask DisposeAsync()
    {
        var group = _process.Id;
        Signals.Terminate(group);
        if (!await WaitUntilGoneAsync(group))
        {
            Signals.Kill(group);
            await WaitUntilGoneAsync(group);
        }

        _guard.Remove(group);
        _process.Dispose();
    }

    private async Task<bool> WaitUntilGoneAsync(int group)
    {
        var since = Stopwatch.GetTimestamp();
        // A process that was started a moment ago may not have its session yet: then it runs and the group is empty.
        while (!_process.HasExited || Signals.Exists(group))
        {
            if (Stopwatch.GetElapsedTime(since) > StopLimit)
            {
                return false;
            }

            await Task.Delay(Pause);
        }

        return true;
    }
}
