using System.Net.Sockets;
using LoadBalancer.Backends;

namespace LoadBalancer.Health;

/// <summary>Passes when the backend accepts a TCP connection.</summary>
public sealed class TcpHealthProbe : IHealthProbe
{
    /// <inheritdoc/>
    public async Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(backend.EndPoint, cancellationToken);
            return null;
        }
        catch (SocketException exception)
        {
            return $"connect failed: {exception.SocketErrorCode}";
        }
    }
}
