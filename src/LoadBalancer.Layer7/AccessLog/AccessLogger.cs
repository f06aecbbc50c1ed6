using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>Where lines of requests go: to the log of the process, and to a file when one is named.</summary>
internal sealed partial class AccessLogger(ILoggerFactory loggers, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The category of the lines.</summary>
    public const string Category = "LoadBalancer.AccessLog";

    private readonly ILogger _lines = loggers.CreateLogger(Category);
    private readonly ILogger _troubles = loggers.CreateLogger<AccessLogger>();
    private volatile Target? _target;

    /// <summary>Whether anybody wants to know of requests.</summary>
    public bool IsOn => _target is { } target && (target.File is not null || _lines.IsEnabled(LogLevel.Information));

    /// <summary>Takes what a changed configuration says. A file that stays is written on without a gap.</summary>
    public void Apply(AccessLogOptions? options)
    {
        var before = _target;
        if (before?.Options == options)
        {
            return;
        }

        // Requests that end meanwhile go to the one or the other.
        _target = options is null ? null : new(options with { }, options.File is null ? null : new AccessLogFile(options, before?.File, _troubles, time));
        if (before?.File is { } file && _target?.File is null)
        {
            _ = file.DisposeAsync().AsTask();
        }
    }

    /// <summary>Writes the line of a request.</summary>
    public void Write(AccessLogEntry entry)
    {
        if (_lines.IsEnabled(LogLevel.Information))
        {
            WriteLine(entry);
        }

        for (var target = _target; target?.File is { } file && !file.TryWrite(entry); target = _target)
        {
            if (target == _target)
            {
                file.RecordLost();
                return;
            }
        }
    }

    /// <summary>The figures of the file; null when there is none.</summary>
    public AccessLogStatistics? GetStatistics() => _target?.File?.GetStatistics();

    /// <summary>Writes what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_target?.File is { } file)
        {
            await file.DisposeAsync();
        }
    }

    private void WriteLine(AccessLogEntry entry) => Log.Request(
        _lines,
        entry.ClientAddress ?? LogText.None,
        LogText.Visible(entry.Method),
        LogText.Visible(entry.Host),
        LogText.Visible(entry.Target),
        LogText.Visible(entry.Protocol),
        entry.Status,
        Milliseconds(entry.Duration),
        Milliseconds(entry.FirstByte),
        Milliseconds(entry.QueueTime),
        entry.BytesIn,
        entry.BytesOut,
        entry.Route ?? LogText.None,
        entry.Pool ?? LogText.None,
        entry.Backend ?? LogText.None,
        entry.Attempts,
        LogText.Visible(entry.Cache),
        LogText.Visible(entry.Affinity),
        entry.Refusal ?? LogText.None,
        entry.TraceId,
        LogText.Visible(entry.UserAgent));

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    private sealed record Target(AccessLogOptions Options, AccessLogFile? File);

    private static partial class Log
    {
        [LoggerMessage(321, LogLevel.Information,
            "{ClientAddress} {Method} {Host} {Target} {Protocol} {Status} {Duration} ms, first byte {FirstByte} ms, queue {QueueTime} ms, in {BytesIn} B, out {BytesOut} B, "
            + "route {Route}, pool {Pool}, backend {Backend}, attempts {Attempts}, cache {Cache}, affinity {Affinity}, refusal {Refusal}, trace {TraceId}, agent \"{UserAgent}\"",
            EventName = "Request")]
        public static partial void Request(
            ILogger logger, string clientAddress, string method, string host, string target, string protocol, int status, double duration, double firstByte, double queueTime,
            long bytesIn, long bytesOut, string route, string pool, string backend, int attempts, string cache, string affinity, string refusal, string traceId, string userAgent);
    }
}
