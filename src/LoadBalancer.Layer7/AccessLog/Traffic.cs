using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>Measures times and bytes of one request, upgraded connections included.</summary>
internal sealed class Traffic
{
    private readonly long _since = TimeProvider.System.GetTimestamp();
    private long _in;
    private long _out;
    private long _firstByteAt;

    private Traffic()
    {
    }

    public DateTime StartedAt { get; } = DateTime.UtcNow;

    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_since);

    /// <summary>Until the head of the answer went out; null when it has not yet.</summary>
    public TimeSpan? FirstByte => _firstByteAt == 0 ? null : TimeProvider.System.GetElapsedTime(_since, _firstByteAt);

    /// <summary>Bytes of the body from the client.</summary>
    public long In => Interlocked.Read(ref _in);

    /// <summary>Bytes of the body to the client.</summary>
    public long Out => Interlocked.Read(ref _out);

    /// <summary>Of a request that was refused before it was read.</summary>
    public static Traffic None() => new();

    /// <summary>That of a request, which is measured once, whoever asks.</summary>
    public static Traffic Of(HttpContext context) => context.Features.Get<Traffic>() ?? Measure(context);

    // It becomes a feature of the request.
    private static Traffic Measure(HttpContext context)
    {
        var traffic = new Traffic();
        var features = context.Features;
        features.Set(traffic);
        context.Response.OnStarting(static state =>
        {
            ((Traffic)state)._firstByteAt = TimeProvider.System.GetTimestamp();
            return Task.CompletedTask;
        }, traffic);
        if (features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false)
        {
            context.Request.Body = new CountingStream(context.Request.Body, traffic);
        }

        features.Set<IHttpResponseBodyFeature>(new ResponseBody(features.GetRequiredFeature<IHttpResponseBodyFeature>(), traffic));
        if (features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            features.Set<IHttpUpgradeFeature>(new Upgrade(upgrade, traffic));
        }

        if (features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            features.Set<IHttpExtendedConnectFeature>(new ExtendedConnect(connect, traffic));
        }

        return traffic;
    }

    public void CountIn(long bytes) => Interlocked.Add(ref _in, bytes);

    public void CountOut(long bytes) => Interlocked.Add(ref _out, bytes);

    private sealed class ResponseBody(IHttpResponseBodyFeature inner, Traffic traffic) : IHttpResponseBodyFeature
    {
        private Stream? _stream;
        private PipeWriter? _writer;

        public Stream Stream => _stream ??= new CountingStream(inner.Stream, traffic);

        public PipeWriter Writer => _writer ??= new CountingPipeWriter(inner.Writer, traffic);

        public void DisableBuffering() => inner.DisableBuffering();

        public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

        public Task CompleteAsync() => inner.CompleteAsync();

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);
    }

    private sealed class Upgrade(IHttpUpgradeFeature inner, Traffic traffic) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync() => new CountingStream(await inner.UpgradeAsync(), traffic);
    }

    private sealed class ExtendedConnect(IHttpExtendedConnectFeature inner, Traffic traffic) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => inner.IsExtendedConnect;

        public string? Protocol => inner.Protocol;

        public async ValueTask<Stream> AcceptAsync() => new CountingStream(await inner.AcceptAsync(), traffic);
    }
}
