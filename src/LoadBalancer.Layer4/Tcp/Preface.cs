using System.Buffers;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tls;
using LoadBalancer.ProxyProtocol;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>
/// What a client sent before its backend was chosen. What is not the balancer's own, a ClientHello above all, goes on
/// to the backend as it came.
/// </summary>
internal sealed class Preface : IDisposable
{
    private const int SmallestBuffer = 4 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <summary>The bytes that the backend shall get first.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Reads a PROXY protocol header and takes it out of <see cref="Bytes"/>.</summary>
    /// <returns>The header, or why there is none.</returns>
    public async ValueTask<(ProxyHeader? Header, string? Error)> ReadProxyHeaderAsync(Socket client, TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        while (true)
        {
            var result = ProxyHeaderReader.Read(Bytes.Span);
            if (result.Status == ParseStatus.Complete)
            {
                _start += result.Consumed;
                return (result.Header, null);
            }

            if (result.Status == ParseStatus.Malformed)
            {
                return (null, result.Reason);
            }

            // The reader knows the longest header and calls what is longer malformed.
            if (await ReceiveAsync(client, int.MaxValue, deadline.Token) is { } error)
            {
                return (null, error);
            }
        }
    }

    /// <summary>Reads a ClientHello and leaves it in <see cref="Bytes"/>.</summary>
    /// <returns>The hello, or why there is none.</returns>
    public async ValueTask<(ClientHelloResult Hello, string? Error)> ReadClientHelloAsync(Socket client, TimeSpan timeout, int longest)
    {
        using var deadline = new CancellationTokenSource(timeout);
        while (true)
        {
            var result = ClientHelloReader.Read(Bytes.Span);
            if (result.Status != ParseStatus.NeedMoreData)
            {
                return (result, result.Reason);
            }

            if (await ReceiveAsync(client, longest, deadline.Token) is { } error)
            {
                return (result, error);
            }
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            (_buffer, _start, _end) = ([], 0, 0);
        }
    }

    private async ValueTask<string?> ReceiveAsync(Socket client, int longest, CancellationToken deadline)
    {
        var length = _end - _start;
        if (length >= longest)
        {
            return $"longer than {longest} bytes";
        }

        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, length * 2));
            Bytes.CopyTo(larger);
            Dispose();
            (_buffer, _start, _end) = (larger, 0, length);
        }

        try
        {
            var room = Math.Min(_buffer.Length - _end, longest - length);
            var received = await client.ReceiveAsync(_buffer.AsMemory(_end, room), SocketFlags.None, deadline);
            _end += received;
            return received == 0 ? $"the client finished after {length} bytes" : null;
        }
        catch (OperationCanceledException)
        {
            return $"only {length} bytes came in time";
        }
    }
}
