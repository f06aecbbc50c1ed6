using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Resilience;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>A copy of a request, sent once its body is known; the answer is dropped.</summary>
internal sealed partial class MirroredRequest(Mirror mirror, Backend backend, HttpRequestMessage message, HttpMessageInvoker client, TimeSpan timeout, ILogger logger)
{
    // The request's own span: when the copy is sent, another may be the current one.
    private readonly Activity? _request = Activity.Current;
    private int _isOver;

    /// <summary>Sends one that has no body, and lets nobody wait for it.</summary>
    public void Send()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            // Begun while the request still runs: a span that has ended can be nobody's parent.
            var span = StartSpan();
            // Not on the way of the request itself, which goes on.
            _ = Task.Run(() => SendAsync(span));
        }
    }

    /// <summary>Sends it as <see cref="Send()"/> does, with the body of the request that was read to its end.</summary>
    public void Send(KeptBody body)
    {
        if (body.CanReplay && body.Kept.Length <= mirror.Options.MaxBodySize)
        {
            ((MirroredBody)message.Content!).Bytes = body.Kept;
            Send();
        }
        else if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            End(MirrorResult.TooLarge);
        }
    }

    /// <summary>The request is over; a copy that is not on its way yet will never be.</summary>
    public void RequestEnded()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            End(MirrorResult.Incomplete);
        }
    }

    private Activity? StartSpan()
    {
        var current = Activity.Current;
        Activity.Current = _request;
        var span = LoadBalancerTelemetry.Source.HasListeners() ? AttemptSpan.Start(message.Method.Method, mirror.Pool, backend, number: 1) : null;
        span?.SetTag("lb.mirror", true);
        TraceContext.Inject(message.Headers);
        Activity.Current = current;
        return span;
    }

    private async Task SendAsync(Activity? span)
    {
        using var deadline = new CancellationTokenSource(timeout);
        using var end = span;
        try
        {
            // The rest of the answer is the connection's business, which reads some of it to be used again.
            using var answer = await client.SendAsync(message, deadline.Token);
            if (span is not null)
            {
                AttemptSpan.Address(span, message.RequestUri!);
                AttemptSpan.Answered(span, (int)answer.StatusCode, answer.Version);
            }

            backend.RecordSuccess();
            End(MirrorResult.Answered);
        }
        // Whatever it is, nobody must hear of it but the figures.
        catch (Exception exception)
        {
            if (span is not null)
            {
                AttemptSpan.Failed(span, exception.GetType().Name, exception.Message);
            }

            Log.Failed(logger, mirror.Route, backend, exception.Message);
            mirror.Pool.ReportFailure(backend, $"mirrored request: {exception.Message}");
            End(MirrorResult.Failed);
        }
    }

    private void End(MirrorResult result)
    {
        message.Dispose();
        mirror.Pool.Release(backend);
        mirror.End(result);
    }

    public static partial class Log
    {
        [LoggerMessage(343, LogLevel.Debug, "Route {Route}: mirrored request failed at backend {Backend}: {Message}")]
        public static partial void Failed(ILogger logger, string route, Backend backend, string message);
    }
}
