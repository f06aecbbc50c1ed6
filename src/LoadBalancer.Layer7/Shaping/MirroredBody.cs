using System.Net;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>The body of a copy, which is there only when the request itself has had it.</summary>
internal sealed class MirroredBody : HttpContent
{
    public ReadOnlyMemory<byte> Bytes { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(Bytes, cancellationToken).AsTask();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = Bytes.Length;
        return true;
    }
}
