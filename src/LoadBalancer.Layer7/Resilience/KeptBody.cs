using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Layer7.Bodies;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>
/// The body of a request on its way to a backend. Keeps what was read, up to a limit, so that it can be sent again, and
/// to another pool as well; and tells when its end was read.
/// </summary>
internal sealed class KeptBody : ReadOnlyBody
{
    private const int FirstSize = 4096;

    private readonly PipeReader _inner;
    private readonly BalancedRequest _request;
    private readonly int _most;
    private byte[] _kept;
    private int _length;
    private int _position;
    private bool _isTooLarge;
    private Task<ReadResult>? _arrival;

    /// <param name="context">The request, which gets this body in place of its own.</param>
    /// <param name="request">Is told of the end.</param>
    /// <param name="most">Bytes that are kept; a longer body is not.</param>
    public KeptBody(HttpContext context, BalancedRequest request, int most)
    {
        _inner = context.Request.BodyReader;
        _request = request;
        _most = most;
        _kept = most == 0 ? [] : new byte[Math.Min(most, (int)Math.Min(context.Request.ContentLength ?? FirstSize, most))];
        context.Request.Body = this;
    }

    /// <summary>Whether all that was read is kept, so that it can be read again.</summary>
    public bool CanReplay => !_isTooLarge;

    /// <summary>Whether its end was read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>What was read and kept.</summary>
    public ReadOnlyMemory<byte> Kept => _kept.AsMemory(0, _length);

    /// <summary>Goes back to the beginning, for another attempt.</summary>
    public void Rewind() => _position = 0;

    /// <summary>Ends a wait for bytes that no attempt wants any more, so that the server can read what is left.</summary>
    public async ValueTask RequestEndedAsync()
    {
        if (_arrival is not { } arrival)
        {
            return;
        }

        _arrival = null;
        if (!arrival.IsCompleted)
        {
            _inner.CancelPendingRead();
        }

        await ((Task)arrival).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (arrival.IsCompletedSuccessfully)
        {
            _inner.AdvanceTo(arrival.Result.Buffer.Start);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position < _length)
        {
            var again = Math.Min(buffer.Length, _length - _position);
            _kept.AsSpan(_position, again).CopyTo(buffer.Span);
            _position += again;
            return again;
        }

        if (IsComplete)
        {
            return 0;
        }

        // The server takes no read after one that was cancelled by a token. So an attempt that ends leaves the wait for
        // bytes to the next.
        var arrival = _arrival ??= _inner.ReadAsync(CancellationToken.None).AsTask();
        var result = await arrival.WaitAsync(cancellationToken);
        _arrival = null;
        var isEnd = result.IsCompleted && result.Buffer.IsEmpty;
        var taken = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
        var read = (int)taken.Length;
        taken.CopyTo(buffer.Span);
        _inner.AdvanceTo(taken.End);
        if (read > 0)
        {
            Keep(buffer.Span[..read]);
        }
        else if (isEnd)
        {
            IsComplete = true;
            _request.BodySent();
        }

        return read;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_isTooLarge)
        {
            return;
        }

        if (bytes.Length > _most - _length)
        {
            _isTooLarge = true;
            (_kept, _length, _position) = ([], 0, 0);
            return;
        }

        if (bytes.Length > _kept.Length - _length)
        {
            Array.Resize(ref _kept, (int)Math.Min(_most, Math.Max((long)_kept.Length * 2, _length + bytes.Length)));
        }

        bytes.CopyTo(_kept.AsSpan(_length));
        _length += bytes.Length;
        _position = _length;
    }
}
