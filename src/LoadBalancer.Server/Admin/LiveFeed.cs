using System.Buffers;
using System.Text.Json;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Admin;

/// <summary>
/// Takes samples of the figures for all who watch, at most one a second, and only when one of them asks. It keeps the
/// newest alone: who is slow misses some.
/// </summary>
internal sealed class LiveFeed(BalancerService balancer, TimeProvider time) : IDisposable
{
    /// <summary>Most readers at a time. One is a browser tab; more than a few are a mistake that must cost the balancer nothing.</summary>
    public const int MostReaders = 32;

    /// <summary>Time between two samples.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Timers ring a little early or late; a sample that is nearly that old is due.
    private static readonly TimeSpan Due = Interval * 0.9;

    private static readonly StatisticsJsonContext Compact = new(new JsonSerializerOptions(StatisticsJsonContext.Default.Options) { WriteIndented = false });

    private readonly Lock _sampling = new();
    private readonly SemaphoreSlim _places = new(MostReaders, MostReaders);
    private LiveSample? _newest;
    private JsonDocument? _document;

    /// <summary>Takes a reader's place.</summary>
    /// <returns>Gives it back; null when there is none.</returns>
    public IDisposable? TryEnter() => _places.Wait(0) ? new Place(_places) : null;

    /// <summary>The newest sample.</summary>
    public LiveSample Take()
    {
        lock (_sampling)
        {
            return _newest is { } newest && time.GetElapsedTime(newest.TakenAt) < Due ? newest : _newest = Make();
        }
    }

    public void Dispose() => _document?.Dispose();

    private LiveSample Make()
    {
        var takenAt = time.GetTimestamp();
        var whole = Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("at", time.GetUtcNow().ToUnixTimeMilliseconds());
            writer.WritePropertyName("statistics");
            // The connection table is behind the token; the page asks for it by itself.
            JsonSerializer.Serialize(writer, balancer.GetStatistics(withConnections: false), Compact.BalancerStatistics);
            writer.WriteEndObject();
        });
        var document = JsonDocument.Parse(whole);
        ReadOnlyMemory<byte>? changes = null;
        if (_document is { } before)
        {
            var difference = Write(writer => JsonChanges.Write(writer, before.RootElement, document.RootElement));
            changes = difference.Length < whole.Length / 2 ? difference : null;
            before.Dispose();
        }

        _document = document;
        return new((_newest?.Number ?? 0) + 1, takenAt, whole, changes);
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
