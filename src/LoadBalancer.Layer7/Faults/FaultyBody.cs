using LoadBalancer.Layer7.Bodies;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Faults;

/// <summary>The body of an answer, slowed down or broken off as the faults in force want it, also when they change meanwhile.</summary>
internal sealed class FaultyBody(HttpContext context, FaultSource source) : WriteOnlyBody
{
    // A slow answer comes in small pieces often, not in a large one now and then.
    private const int PiecesPerSecond = 20;

    private static readonly TimeSpan TimeToSend = TimeSpan.FromMilliseconds(100);

    private readonly Stream _inner = context.Response.Body;
    private long _written;

    /// <summary>Takes it away, before another backend answers, which has faults of its own.</summary>
    public void Remove() => context.Response.Body = _inner;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            if (source.Faults is not { } faults)
            {
                await _inner.WriteAsync(buffer, cancellationToken);
                return;
            }

            var piece = (int)Math.Clamp((faults.ResetAfterBytes ?? long.MaxValue) - _written, 0, buffer.Length);
            if (faults.BytesPerSecond is { } rate)
            {
                piece = Math.Min(piece, Math.Max(1, rate / PiecesPerSecond));
                await Task.Delay(TimeSpan.FromSeconds((double)piece / rate), cancellationToken);
                if (_written == 0 && source.IsOfBackend && BalancedRequest.Of(context)?.Attempt is { } attempt && attempt.Backend == source.Backend)
                {
                    // The head goes to the client with the first of the body.
                    attempt.RecordLatency();
                }
            }

            await _inner.WriteAsync(buffer[..piece], cancellationToken);
            await _inner.FlushAsync(cancellationToken);
            _written += piece;
            buffer = buffer[piece..];
            if (_written >= faults.ResetAfterBytes)
            {
                // Kestrel says that it has taken bytes, not that it has sent them, and a reset throws away what it has not.
                await Task.Delay(TimeToSend, cancellationToken);
                context.Abort();
                throw new IOException("The answer is broken off by a fault.");
            }
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);
}
