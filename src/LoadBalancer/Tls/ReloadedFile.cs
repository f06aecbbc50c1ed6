using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tls;

/// <summary>
/// What was read from files, read again when they change. Files that cannot be used leave the last good value in
/// place. It is looked at, not watched: links and replaced directories need no care, and there is nothing to dispose.
/// </summary>
/// <typeparam name="T">What is read.</typeparam>
public sealed class ReloadedFile<T>
    where T : class
{
    private readonly Lock _refreshing = new();
    private readonly string _key;
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<T> _load;
    private readonly ILogger _logger;
    private (DateTime Written, long Length)[] _settled = [];
    private (DateTime Written, long Length)[] _failed = [];
    private volatile T? _value;

    /// <summary>Reads the files for the first time.</summary>
    /// <param name="key">Configuration key above those that <see cref="CertificateException.Key"/> names.</param>
    /// <param name="paths">The files.</param>
    /// <param name="load">Reads them; throws <see cref="CertificateException"/>.</param>
    /// <param name="logger">Gets a line for every change.</param>
    public ReloadedFile(string key, IReadOnlyList<string> paths, Func<T> load, ILogger logger)
    {
        _key = key;
        _paths = paths;
        _load = load;
        _logger = logger;
        Refresh();
    }

    /// <summary>The last good value; null when there was none yet.</summary>
    public T? Value => _value;

    /// <summary>Reads the files if they changed since they were last read.</summary>
    public void Refresh()
    {
        if (!_refreshing.TryEnter())
        {
            // Somebody is at it.
            return;
        }

        try
        {
            // Looked at before the read: a change during it is seen the next time.
            var now = Look();
            if (!now.SequenceEqual(_settled))
            {
                Read(now);
            }
        }
        finally
        {
            _refreshing.Exit();
        }
    }

    private void Read((DateTime Written, long Length)[] now)
    {
        try
        {
            var value = _load();
            if (_value is not null)
            {
                ReloadedFileLog.Reloaded(_logger, _key, string.Join(", ", _paths));
            }

            _value = value;
            _settled = now;
        }
        catch (CertificateException exception)
        {
            // Certificate and key are seldom written at once: only what stays bad is worth a word.
            if (now.SequenceEqual(_failed))
            {
                ReloadedFileLog.Kept(_logger, exception.Key.Length == 0 ? _key : $"{_key}:{exception.Key}", exception.Message);
                _settled = now;
            }

            _failed = now;
        }
    }

    private (DateTime Written, long Length)[] Look() => [.. _paths.Select(Look)];

    private static (DateTime Written, long Length) Look(string path)
    {
        try
        {
            // A link's own time says nothing of what it leads to.
            var file = new FileInfo(path);
            var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return (target.LastWriteTimeUtc, target.Length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
