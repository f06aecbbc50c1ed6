using System.Threading.Channels;

namespace LoadBalancer.Server.Configuration;

/// <summary>Calls back once at the start, and when the file was written or replaced; several events in a row make one call.</summary>
internal sealed class ConfigurationWatcher : IAsyncDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    private readonly FileSystemWatcher _watcher;
    private readonly Channel<bool> _events = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following;

    public ConfigurationWatcher(string path, Func<Task> changed)
    {
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path))
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
        };
        _watcher.Changed += (_, _) => Signal();
        _watcher.Created += (_, _) => Signal();
        _watcher.Renamed += (_, _) => Signal();
        // Events were lost; whether one of them was ours, only a look can tell.
        _watcher.Error += (_, _) => Signal();
        _watcher.EnableRaisingEvents = true;
        Signal();
        _following = Task.Run(() => FollowAsync(changed));
    }

    public async ValueTask DisposeAsync()
    {
        _watcher.Dispose();
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
    }

    private void Signal() => _events.Writer.TryWrite(true);

    private async Task FollowAsync(Func<Task> changed)
    {
        try
        {
            while (await _events.Reader.WaitToReadAsync(_stopping.Token))
            {
                await Task.Delay(Settle, _stopping.Token);
                // Taken after the pause and before the read: an event that comes during the read is not lost.
                _events.Reader.TryRead(out _);
                await changed();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
