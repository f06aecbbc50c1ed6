using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer4.Udp;

/// <summary>
/// Finds the address of a backend that discovery knows by a host name. A datagram cannot try one address after the other
/// as a connection does, so the address that works is kept until it refuses.
/// </summary>
internal sealed class BackendAddresses
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Backend, Known> _known = new();

    /// <summary>Finds an address.</summary>
    /// <returns>The address; at once when it needs no look-up.</returns>
    /// <exception cref="SocketException">The name has no address, or the address is none for datagrams.</exception>
    /// <exception cref="OperationCanceledException">The look-up took too long.</exception>
    public ValueTask<IPEndPoint> FindAsync(Backend backend, TimeSpan timeout) => backend.EndPoint switch
    {
        IPEndPoint address => new(address),
        DnsEndPoint => _known.TryGetValue(backend, out var known) && !known.IsOver ? new(known.Current) : LookUpAsync(backend, timeout),
        _ => throw new SocketException((int)SocketError.AddressFamilyNotSupported),
    };

    /// <summary>Notes that nobody listens at an address: the host's next one is used from now on.</summary>
    public void Refused(Backend backend, EndPoint? address)
    {
        if (_known.TryGetValue(backend, out var known) && known.Current.Equals(address))
        {
            known.Next();
        }
    }

    /// <summary>Forgets backends that left.</summary>
    public void Sweep()
    {
        foreach (var backend in _known.Keys)
        {
            if (backend.HasLeft)
            {
                _known.TryRemove(backend, out _);
            }
        }
    }

    private async ValueTask<IPEndPoint> LookUpAsync(Backend backend, TimeSpan timeout)
    {
        var name = (DnsEndPoint)backend.EndPoint;
        using var deadline = new CancellationTokenSource(timeout);
        var addresses = await Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, deadline.Token);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.NoData);
        }

        var found = new Known([.. addresses.Select(address => new IPEndPoint(address, name.Port))], _known.GetValueOrDefault(backend)?.Current);
        _known[backend] = found;
        return found.Current;
    }

    private sealed class Known
    {
        private readonly IPEndPoint[] _addresses;
        private readonly long _since = Environment.TickCount64;
        private volatile int _current;

        public Known(IPEndPoint[] addresses, IPEndPoint? before)
        {
            _addresses = addresses;
            _current = Math.Max(0, Array.IndexOf(addresses, before));
        }

        public IPEndPoint Current => _addresses[_current];

        public bool IsOver => Environment.TickCount64 - _since > Lifetime.TotalMilliseconds;

        public void Next() => _current = (_current + 1) % _addresses.Length;
    }
}
