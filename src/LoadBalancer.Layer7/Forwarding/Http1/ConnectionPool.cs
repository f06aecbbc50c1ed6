using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer7.Transport;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// The connections to one backend. Those that rest are kept apart by the loop that used them last: a client's request
/// is sent on a connection of its own loop where there is one, and its answer comes on the same thread.
/// </summary>
internal sealed class ConnectionPool(EndPoint endPoint, ConnectionSweep sweep)
{
    // Less than what servers commonly allow (60 s and more), so that most are closed from here.
    private const long LongestRest = 55_000;

    private static int _threads;

    [ThreadStatic]
    private static int _thread;

    private readonly EndPoint _endPoint = endPoint is UriEndPoint { Uri: var uri } ? Plain(uri) : endPoint;
    private readonly IdleConnections[] _idle = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new IdleConnections())];

    /// <summary>Takes a connection that rests; null when a new one is needed.</summary>
    /// <param name="isSure">Whether to ask the kernel if it was closed a moment ago: for a request that must not be sent twice.</param>
    public BackendConnection? TryTake(bool isSure)
    {
        var own = Own();
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[(own + i) % _idle.Length].TryTake(isSure) is { } connection)
            {
                return connection;
            }
        }

        return null;
    }

    /// <summary>Makes a connection.</summary>
    /// <param name="timeout">Time in which it must be there.</param>
    /// <param name="aborted">Ends it.</param>
    /// <param name="cancellation">Ends it as well.</param>
    /// <exception cref="SocketException">The backend cannot be connected.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or was ended.</exception>
    public async ValueTask<BackendConnection> ConnectAsync(TimeSpan timeout, CancellationToken aborted, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(aborted, cancellation);
        deadline.CancelAfter(timeout);
        if (_endPoint is not DnsEndPoint name)
        {
            return await ConnectAsync(_endPoint, deadline.Token);
        }

        var addresses = await Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, deadline.Token);
        for (var i = 0; ; i++)
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(addresses[i], name.Port), deadline.Token);
            }
            catch (SocketException) when (i + 1 < addresses.Length)
            {
                // The host may have another that works.
            }
        }
    }

    /// <summary>Takes back a connection whose exchange has ended, for the next one.</summary>
    public void Keep(BackendConnection connection)
    {
        if (!connection.TryRest(LongestRest))
        {
            connection.Close(CloseCause.Done);
            return;
        }

        var own = Own();
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[(own + i) % _idle.Length].TryKeep(connection))
            {
                return;
            }
        }

        connection.Close(CloseCause.Done);
    }

    private async ValueTask<BackendConnection> ConnectAsync(EndPoint address, CancellationToken cancellation)
    {
        var channel = Channel.Create(address);
        try
        {
            await channel.ConnectAsync(address, cancellation);
            return new BackendConnection(channel, sweep);
        }
        catch
        {
            channel.Close();
            throw;
        }
    }

    private static EndPoint Plain(Uri uri) => uri.Scheme == "unix" ? new UnixDomainSocketEndPoint(uri.LocalPath) : new DnsEndPoint(uri.Host, uri.Port);

    // Of the loop that runs here; other threads get numbers in turn.
    private static int Own() => EventLoop.Current?.Index ?? (_thread != 0 ? _thread : _thread = Interlocked.Increment(ref _threads) & int.MaxValue);
}
