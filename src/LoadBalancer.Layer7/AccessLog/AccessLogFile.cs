using System.Text;
using System.Threading.Channels;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>
/// The file of the access log. Requests leave their entry and go on; one task writes. What the disk does not take in time,
/// or not at all, is lost, counted and told: no request waits for it.
/// </summary>
internal sealed partial class AccessLogFile : IAsyncDisposable
{
    private const int Capacity = 16_384;
    private const int BatchSize = 32 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeBetweenTellings = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Channel<AccessLogEntry> _entries = Channel.CreateBounded<AccessLogEntry>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly string _path;
    private readonly RotatedFile _file;
    private readonly ILineFormat _format;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Task _writing;
    private long _written;
    private long _lost;
    private long _toldLost;
    private long _toldAt;
    private long _failedAt;
    private bool _isFailing;
    private bool _cannotRotate;

    /// <summary>Begins to write.</summary>
    /// <param name="options">Options with a file.</param>
    /// <param name="before">What wrote before, perhaps to the same file: it ends first.</param>
    /// <param name="logger">Gets a line when something is lost.</param>
    /// <param name="time">The clock.</param>
    public AccessLogFile(AccessLogOptions options, AccessLogFile? before, ILogger logger, TimeProvider time)
    {
        _path = options.File!;
        _file = new RotatedFile(_path, options.MaxFileSize, options.KeptFiles);
        _format = options.Format == AccessLogFormat.W3C ? new W3CFormat() : new CombinedFormat();
        _logger = logger;
        _time = time;
        _writing = Task.Run(() => RunAsync(before));
    }

    /// <summary>Leaves an entry to be written.</summary>
    /// <returns>False when there is no room for it, or the file is closed.</returns>
    public bool TryWrite(AccessLogEntry entry) => _entries.Writer.TryWrite(entry);

    /// <summary>Counts an entry that is lost.</summary>
    public void RecordLost(int entries = 1) => Interlocked.Add(ref _lost, entries);

    public AccessLogStatistics GetStatistics() => new(_path, Interlocked.Read(ref _written), Interlocked.Read(ref _lost));

    /// <summary>Writes what was left, for as long as a disk may take in good health.</summary>
    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        try
        {
            await _writing.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            Log.GaveUp(_logger, _path, Patience.TotalSeconds);
        }
    }

    private async Task RunAsync(AccessLogFile? before)
    {
        if (before is not null)
        {
            await before.DisposeAsync();
        }

        var text = new StringBuilder();
        while (await _entries.Reader.WaitToReadAsync())
        {
            var entries = 0;
            while (text.Length < BatchSize && _entries.Reader.TryRead(out var entry))
            {
                _format.AppendLine(text, entry);
                entries++;
            }

            await WriteAsync(text.ToString(), entries);
            text.Clear();
            TellLost(TimeBetweenTellings);
        }

        TellLost(TimeSpan.Zero);
        _file.Dispose();
    }

    private async ValueTask WriteAsync(string lines, int entries)
    {
        if (_isFailing && _time.GetElapsedTime(_failedAt) < Pause)
        {
            RecordLost(entries);
            return;
        }

        try
        {
            if (_file.IsFull(lines.Length))
            {
                TryRotate();
            }

            if (_file.Open())
            {
                var head = new StringBuilder();
                _format.AppendHead(head, _time.GetUtcNow().UtcDateTime);
                lines = head.Append(lines).ToString();
            }

            await _file.WriteAsync(Encoding.ASCII.GetBytes(lines));
            Interlocked.Add(ref _written, entries);
            _isFailing = false;
        }
        // Whatever it is, the next lines may go better, and requests are not to suffer.
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            RecordLost(entries);
            _file.Close();
            _failedAt = _time.GetTimestamp();
            if (!_isFailing)
            {
                _isFailing = true;
                Log.Failed(_logger, _path, exception.Message);
            }
        }
    }

    private void TryRotate()
    {
        try
        {
            _file.Rotate();
            _cannotRotate = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Better one file that grows than lines that are lost.
            if (!_cannotRotate)
            {
                _cannotRotate = true;
                Log.CannotRotate(_logger, _path, exception.Message);
            }
        }
    }

    private void TellLost(TimeSpan pause)
    {
        var lost = Interlocked.Read(ref _lost);
        if (lost == _toldLost || (_toldAt != 0 && _time.GetElapsedTime(_toldAt) < pause))
        {
            return;
        }

        Log.Lost(_logger, _path, lost - _toldLost);
        _toldLost = lost;
        _toldAt = _time.GetTimestamp();
    }

    private static partial class Log
    {
        [LoggerMessage(322, LogLevel.Error, "LoadBalancer:Layer7:AccessLog:File: '{File}' cannot be written: {Message}. Its lines are lost until it can be.")]
        public static partial void Failed(ILogger logger, string file, string message);

        [LoggerMessage(323, LogLevel.Warning, "LoadBalancer:Layer7:AccessLog:File: {Lost} lines for '{File}' are lost.")]
        public static partial void Lost(ILogger logger, string file, long lost);

        [LoggerMessage(324, LogLevel.Error, "LoadBalancer:Layer7:AccessLog:File: '{File}' is full and cannot be renamed: {Message}. It grows on.")]
        public static partial void CannotRotate(ILogger logger, string file, string message);

        [LoggerMessage(325, LogLevel.Warning, "LoadBalancer:Layer7:AccessLog:File: '{File}' did not take its last lines within {Seconds} s.")]
        public static partial void GaveUp(ILogger logger, string file, double seconds);
    }
}
