using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// Stands between the forwarder and the client: asks what to do with an answer when its head is there, and then
/// passes the body on, keeps it on the way, or drops it.
/// </summary>
internal sealed class AnswerCapture(IHttpResponseBodyFeature client, Fill fill, Func<bool, CaptureMode> decide) : IHttpResponseBodyFeature
{
    private CaptureStream? _stream;
    private PipeWriter? _writer;
    private Task<bool> _toClient = Task.FromResult(true);
    private bool _clientIsServed;

    public CaptureMode Mode { get; private set; }

    public Stream Stream => _stream ??= new CaptureStream(this);

    public PipeWriter Writer => _writer ??= PipeWriter.Create(Stream, new StreamPipeWriterOptions(leaveOpen: true));

    public void DisableBuffering() => client.DisableBuffering();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await BeginAsync();
        if (Mode == CaptureMode.Pass)
        {
            await client.StartAsync(cancellationToken);
        }
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await FinishAsync();
        if (Mode == CaptureMode.Pass)
        {
            await client.CompleteAsync();
        }
    }

    /// <summary>Takes the decision, if no part of a body has caused it.</summary>
    public async Task FinishAsync()
    {
        if (_writer is not null)
        {
            await _writer.CompleteAsync();
        }

        await BeginAsync(isEmpty: true);
    }

    /// <summary>Ends when nothing is being sent to the client any more.</summary>
    /// <returns>Whether it got everything.</returns>
    public Task<bool> WaitForClientAsync() => _toClient;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await BeginAsync();
        if (Mode == CaptureMode.Fill && !fill.TryAppend(bytes.Span))
        {
            // Too large after all. From here on the client's pace is the backend's.
            fill.Overflow();
            await _toClient;
            Mode = _clientIsServed ? CaptureMode.Drop : CaptureMode.Pass;
        }

        if (Mode == CaptureMode.Pass)
        {
            await client.Stream.WriteAsync(bytes, cancellationToken);
        }
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(sendsHead: true);
        if (Mode == CaptureMode.Pass)
        {
            await client.Stream.FlushAsync(cancellationToken);
        }
    }

    private async ValueTask BeginAsync(bool isEmpty = false, bool sendsHead = false)
    {
        if (Mode is CaptureMode.Fill or CaptureMode.Pass or CaptureMode.Drop)
        {
            return;
        }

        // What is set aside may be followed by another answer: that of another attempt, or an error.
        var mode = decide(isEmpty);
        if (mode == CaptureMode.NotModified)
        {
            // The client has the answer, and needs to hear no more than that.
            _clientIsServed = true;
            mode = fill.Head is null ? CaptureMode.Drop : CaptureMode.Fill;
            await client.CompleteAsync();
        }
        else if (mode == CaptureMode.Fill)
        {
            await client.StartAsync();
            _toClient = AnswerBody.PumpAsync(fill, client.Stream, sendsHead);
        }

        Mode = mode;
    }
}
