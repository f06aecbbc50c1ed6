using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;

namespace Standalone;

/// <summary>One process of the topology, which can be started again after it has stopped.</summary>
internal sealed class ManagedProcess(ProcessDescription description, ProcessLog log, OrphanGuard guard, Report report) : IDisposable
{
    // 128 and the signal's number.
    private const int KilledExitCode = 137;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private Process? _process;
    private Task<int> _ended = Task.FromResult(0);
    private volatile bool _asked;

    public ProcessDescription Description => description;

    public string Name => description.Name;

    public string LogPath => log.Path;

    public int? Pid => _ended.IsCompleted ? null : _process?.Id;

    /// <summary>Whether it ended although nobody asked it to.</summary>
    public bool HasEndedByItself => _process is not null && _ended.IsCompleted && !_asked;

    public string State => _process is null ? "not started"
        : !_ended.IsCompleted ? "running"
        : _asked ? "stopped"
        : $"ended with exit code {_ended.Result}";

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="StartException">It cannot be run, ends, or does not answer in time.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        Launch();
        var since = Stopwatch.GetTimestamp();
        while (!await AnswersAsync(cancellation))
        {
            if (_ended.IsCompleted)
            {
                throw new StartException($"{Name} did not start: it ended with exit code {await _ended}.{description.Advice}");
            }

            if (Stopwatch.GetElapsedTime(since) > StartLimit)
            {
                throw new StartException($"{Name} (pid {Pid}) did not answer at {description.Address} within {StartLimit.TotalSeconds} s; its log is {LogPath}.{description.Advice}");
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Asks it to stop and kills it when it does not.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        if (Pid is not { } pid)
        {
            return await _ended;
        }

        _asked = true;
        if (!UnixSignals.TryTerminate(pid))
        {
            return await KillAsync();
        }

        if (await Task.WhenAny(_ended, Task.Delay(StopLimit)) != _ended)
        {
            report.Line($"{Name} (pid {pid}) did not stop within {StopLimit.TotalSeconds} s and is killed.");
            return await KillAsync();
        }

        return await _ended;
    }

    /// <summary>Kills it and what it has started.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> KillAsync()
    {
        _asked = true;
        _process?.Kill(entireProcessTree: true);
        return await _ended;
    }

    public void Dispose()
    {
        _process?.Dispose();
        log.Dispose();
    }

    private void Launch()
    {
        _process?.Dispose();
        _asked = false;
        try
        {
            _process = Process.Start(ProcessStart.Of(description))!;
        }
        catch (Win32Exception e)
        {
            throw new StartException($"{Name} cannot be run: {e.Message}.{description.Advice}");
        }

        _process.StandardInput.Close();
        guard.Add(_process.Id);
        _ended = WatchAsync(_process);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            return !_ended.IsCompleted && await description.IsReadyAsync(cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or JsonException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task<int> WatchAsync(Process process)
    {
        var pid = process.Id;
        var output = Task.WhenAll(CopyAsync(process.StandardOutput), CopyAsync(process.StandardError));
        await process.WaitForExitAsync();

        // Its last words, unless a process that it leaves behind keeps the pipe open.
        await Task.WhenAny(output, Task.Delay(TimeSpan.FromSeconds(1)));
        guard.Remove(pid);
        if (!_asked)
        {
            // One that was killed has said nothing about it.
            report.Ended(Name, pid, process.ExitCode, process.ExitCode == KilledExitCode ? [] : log.Tail());
        }

        return process.ExitCode;
    }

    private async Task CopyAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            log.Write(line);
        }
    }
}
