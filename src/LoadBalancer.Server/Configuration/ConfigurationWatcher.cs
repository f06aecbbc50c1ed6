using System.Threading.Channels;

namespace LoadBalancer.Server.Configuration;

/// <summary>
/// Calls back once at the start, and when the file was written or replaced; several events in a row make one call.
/// Events make it quick. A glance a second finds what they do not tell: a link whose target changed, a directory that
/// was made anew, a machine that has no watches left to give.
/// </summary>
internal sealed class ConfigurationWatcher : IAsyncDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly FileSystemWatcher? _watcher;
    private readonly Timer _glances;
    private readonly Channel<bool> _events = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following;
    private (DateTime Written, long Length) _seen;

    public ConfigurationWatcher(string path, Func<Task> changed)
    {
        _path = path;
        _watcher = TryWatch(path);
        _glances = new Timer(_ => SignalIfChanged(), null, Glance, Glance);
        Signal();
        _following = Task.Run(() => FollowAsync(changed));
    }

    public async ValueTask DisposeAsync()
    {
        _watcher?.Dispose();
        await _glances.DisposeAsync();
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
    }

    private FileSystemWatcher? TryWatch(string path)
    {
        var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path))
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
        };
        watcher.Changed += (_, _) => Signal();
        watcher.Created += (_, _) => Signal();
        watcher.Renamed += (_, _) => Signal();
        // Events were lost; whether one of them was ours, only a look can tell.
        watcher.Error += (_, _) => Signal();
        try
        {
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (IOException)
        {
            // The limit of inotify instances; the glances remain.
            watcher.Dispose();
            return null;
        }
    }

    private void Signal() => _events.Writer.TryWrite(true);

    private void SignalIfChanged()
    {
        try
        {
            // A link's own time says nothing of what it leads to; a link within the path is followed by itself.
            var file = new FileInfo(_path);
            var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            var now = (target.LastWriteTimeUtc, target.Length);
            if (now != _seen)
            {
                _seen = now;
                Signal();
            }
        }
        catch (IOException)
        {
            // Away for the moment; what comes in its place has another time.
        }
    }

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
