using System.Buffers;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Backends;

namespace LoadBalancer.Health;

/// <summary>Passes when the backend accepts a TCP connection and, where an answer is expected, sends it.</summary>
/// <param name="send">What is sent once connected; null for nothing.</param>
/// <param name="expect">What the backend's bytes must contain; null when a connection passes.</param>
public sealed class TcpHealthProbe(string? send = null, string? expect = null) : IHealthProbe
{
    private const int LongestAnswer = 16 * 1024;

    private readonly byte[]? _send = send is null ? null : Encoding.UTF8.GetBytes(send);
    private readonly byte[]? _expect = expect is null ? null : Encoding.UTF8.GetBytes(expect);

    /// <inheritdoc/>
    public async Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        using var socket = backend.EndPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(backend.EndPoint, cancellationToken);
        }
        catch (SocketException exception)
        {
            return $"connect failed: {exception.SocketErrorCode}";
        }

        try
        {
            if (_send is not null)
            {
                await socket.SendAsync(_send, cancellationToken);
            }

            return _expect is null ? null : await ReadAsync(socket, _expect, cancellationToken);
        }
        catch (SocketException exception)
        {
            return $"connected, then failed: {exception.SocketErrorCode}";
        }
    }

    private async Task<string?> ReadAsync(Socket socket, byte[] expected, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LongestAnswer);
        try
        {
            for (var length = 0; length < LongestAnswer;)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length, LongestAnswer - length), cancellationToken);
                length += received;
                if (buffer.AsSpan(0, length).IndexOf(expected) >= 0)
                {
                    return null;
                }

                if (received == 0)
                {
                    return $"closed after {length} bytes without '{expect}'";
                }
            }

            return $"sent {LongestAnswer} bytes without '{expect}'";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
