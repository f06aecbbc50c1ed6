using LoadBalancer.Layer7.Bodies;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Limits;

/// <summary>
/// A request's body that did not say its length and may not be longer than this. Kestrel's own limit counts the frames of
/// chunks as well, which may be more than what is in them.
/// </summary>
internal sealed class LimitedBody(Stream inner, long size) : ReadOnlyBody
{
    private long _left = size;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken));

    private int Count(int read)
    {
        _left -= read;
        return _left >= 0 ? read : throw new BadHttpRequestException("The body is larger than its route allows.", StatusCodes.Status413PayloadTooLarge);
    }
}
