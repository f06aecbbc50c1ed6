using System.Net;
using System.Net.Http.Headers;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>A body of unknown length that a test writes.</summary>
internal sealed class LiveContent : HttpContent
{
    private readonly Func<Stream, Task> _write;

    public LiveContent(Func<Stream, Task> write)
    {
        _write = write;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
