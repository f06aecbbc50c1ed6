using LoadBalancer.Layer7.Bodies;

namespace LoadBalancer.Layer7.Caching;

/// <summary>The body of an answer, as the forwarder writes it.</summary>
internal sealed class CaptureStream(AnswerCapture capture) : WriteOnlyBody
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => capture.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => capture.FlushAsync(cancellationToken);
}
