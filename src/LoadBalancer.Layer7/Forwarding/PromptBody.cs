using LoadBalancer.Layer7.Bodies;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// The body of an answer that sends the answer's head to the client when there is nothing to read yet. An event stream
/// may have its first event long after its head, and a client may wait for the head before it says more.
/// </summary>
internal sealed class PromptBody(Stream body, HttpResponse response) : ReadOnlyBody
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = body.ReadAsync(buffer, cancellationToken);
        // An answer without a body is at its end at once, and ends with its head.
        return read.IsCompleted || response.HasStarted ? read : SendHeadAsync(read, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> SendHeadAsync(ValueTask<int> read, CancellationToken cancellationToken)
    {
        var reading = read.AsTask();
        try
        {
            await response.Body.FlushAsync(cancellationToken);
        }
        catch
        {
            // The buffer is the caller's again only when nobody writes to it.
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await reading;
    }
}
