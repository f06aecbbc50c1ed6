using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4;

/// <summary>Listeners whose new addresses are bound and not yet accepted from. Disposed without being applied, it lets go of them.</summary>
public sealed class PreparedListeners : IDisposable
{
    internal PreparedListeners(LoadBalancerOptions options) => Options = options;

    internal LoadBalancerOptions Options { get; }

    internal Dictionary<string, OpenAddress> Opened { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Listeners that go on, by the name that they have from now on.</summary>
    internal Dictionary<string, Layer4Listener> Kept { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in Opened.Values.SelectMany(open => open.Sockets))
        {
            socket.Dispose();
        }
    }

    internal sealed record OpenAddress(ListenAddress Address, IReadOnlyList<Socket> Sockets);
}
