using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Limits;
using LoadBalancer.Layer7.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7;

/// <summary>The listeners in the form that Kestrel reads, and reads again when they change.</summary>
internal sealed partial class KestrelEndpoints : IAsyncDisposable
{
    private static readonly TimeSpan BindPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    private readonly ReloadableSource _source = new();
    private readonly ILogger _logger;
    private readonly ConnectionLimit _connections;
    private readonly DefaultCertificate _defaultCertificate;
    private readonly Timer _glances;
    private volatile Dictionary<string, Bound> _bound = new(StringComparer.OrdinalIgnoreCase);

    // Kestrel takes a line feed alone for the end of a line, as RFC 9112 section 2.2 allows; a reader before or behind it
    // that does not sees other lines. There is no option for it but this, read when a server starts.
    static KestrelEndpoints() => AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);

    public KestrelEndpoints(ConnectionLimit connections, ILogger logger)
    {
        _connections = connections;
        _logger = logger;
        _defaultCertificate = new(logger);
        Configuration = new ConfigurationBuilder().Add(_source).Build();
        _glances = new Timer(_ => RefreshCertificates(), null, Glance, Glance);
    }

    public IConfiguration Configuration { get; }

    /// <summary>Throws when an address that is not in use by us cannot be bound: Kestrel itself would only log it.</summary>
    public void Check(IReadOnlyDictionary<string, Layer7ListenerOptions> listeners)
    {
        foreach (var (name, listener) in listeners)
        {
            ListenAddress.TryParse(listener.Address, out var address);
            if (address.Port != 0 && !_bound.Values.Any(bound => bound.Address == address))
            {
                TryBind(Key(name), address);
            }
        }
    }

    /// <summary>Hands the listeners to Kestrel, which binds them in its own time when it runs already.</summary>
    /// <returns>The listeners that are new, for <see cref="WaitUntilListeningAsync"/>.</returns>
    public IReadOnlyDictionary<string, ListenAddress> Apply(IReadOnlyDictionary<string, Layer7ListenerOptions> listeners)
    {
        var after = new Dictionary<string, Bound>(StringComparer.OrdinalIgnoreCase);
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, listener) in listeners)
        {
            ListenAddress.TryParse(listener.Address, out var configured);
            var address = configured.Port != 0 ? configured
                : _bound.TryGetValue(name, out var before) && before.Configured == configured ? before.Address
                : configured with { Port = TryBind(Key(name), configured) };
            var protocols = ProtocolsOf(listener);
            after.Add(name, new(configured, address, protocols, ListenerOf(name, address, listener)));
            // TLS is none of Kestrel's configuration, so the scheme says http; the last key is there to make it bind
            // anew when a listener changes from one to the other.
            data[$"Endpoints:{name}:Url"] = $"http://{address.Authority}";
            data[$"Endpoints:{name}:Protocols"] = protocols.ToString();
            data[$"Endpoints:{name}:{nameof(listener.Tls)}"] = listener.Tls is null ? null : bool.TrueString;
        }

        foreach (var (name, listener) in listeners)
        {
            after[name].Listener.RedirectPort = listener.RedirectToHttps is { } redirect
                ? redirect.Port ?? after.Values.First(bound => bound.Listener.Tls is not null).Address.Port
                : 0;
        }

        var added = after.Where(pair => !_bound.Values.Any(bound => bound.Address == pair.Value.Address))
            .ToDictionary(pair => pair.Key, pair => pair.Value.Address);
        _bound = after;
        _source.Publish(data);
        return added;
    }

    /// <summary>Chooses anew where any port will do, as long as Kestrel has bound nothing.</summary>
    /// <returns>Whether there is such a listener.</returns>
    public bool TryChooseOtherPorts(IReadOnlyDictionary<string, Layer7ListenerOptions> listeners)
    {
        if (!_bound.Values.Any(bound => bound.Configured.Port == 0))
        {
            return false;
        }

        _bound = new(StringComparer.OrdinalIgnoreCase);
        Apply(listeners);
        return true;
    }

    /// <summary>Waits until every address accepts.</summary>
    /// <exception cref="ListenException">One does not: somebody took the port after the check.</exception>
    public static async Task WaitUntilListeningAsync(IReadOnlyDictionary<string, ListenAddress> listeners)
    {
        foreach (var (name, address) in listeners)
        {
            var deadline = DateTime.UtcNow + BindPatience;
            while (await TryConnectAsync(address) is { } error)
            {
                if (DateTime.UtcNow > deadline)
                {
                    throw new ListenException(Key(name), address, error);
                }

                await Task.Delay(10);
            }
        }
    }

    /// <summary>Adds to an endpoint that Kestrel is about to bind what its configuration cannot say.</summary>
    public void Configure(ListenOptions options)
    {
        var listener = _bound.Values.First(bound => bound.Address.ToEndPoints()[0].Equals(options.IPEndPoint)).Listener;
        _connections.Guard(options, listener.Traffic);
        options.Use(next => connection =>
        {
            connection.Features.Set(listener);
            if (connection.RemoteEndPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped)
            {
                // Clients of a dual-stack socket are what they are, IPv4, to everybody.
                connection.RemoteEndPoint = new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port);
            }

            return listener.ProxyHeader is { } header && header.IsExpectedOf(connection) ? TakeHeaderAsync(connection, listener, header, next) : next(connection);
        });
        // Connections over QUIC have a pipeline of their own.
        ((IMultiplexedConnectionBuilder)options).Use(next => connection =>
        {
            connection.Features.Set(listener);
            return next(connection);
        });
        if (listener.Tls is { } tls)
        {
            options.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = tls.ChooseAsync });
        }
    }

    public IReadOnlyList<Layer7ListenerStatistics> GetStatistics() =>
        [.. _bound.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new Layer7ListenerStatistics(
            pair.Key,
            [pair.Value.Address.ToString()],
            pair.Value.Protocols,
            pair.Value.Listener.Tls is not null,
            pair.Value.Listener.Tls?.GetStatistics() ?? [],
            pair.Value.Listener.Refused,
            pair.Value.Listener.Requests))];

    /// <summary>The listeners.</summary>
    public IEnumerable<Listener> Listeners => _bound.Values.Select(bound => bound.Listener);

    public void ResetStatistics()
    {
        foreach (var bound in _bound.Values)
        {
            bound.Listener.ResetStatistics();
        }
    }

    public ValueTask DisposeAsync() => _glances.DisposeAsync();

    public ListenException ToListenException(IOException exception)
    {
        // Kestrel names the address in words of its own; the port is in all of them.
        var (name, bound) = _bound.OrderByDescending(pair => exception.Message.Contains($":{pair.Value.Address.Port}", StringComparison.Ordinal)).First();
        return new(Key(name), bound.Address, exception.InnerException ?? exception);
    }

    // One that stays keeps its object, which open connections know.
    private Listener ListenerOf(string name, ListenAddress address, Layer7ListenerOptions options)
    {
        var listener = _bound.TryGetValue(name, out var before) && before.Address == address && before.Listener.Tls is null == options.Tls is null
            ? before.Listener
            : new Listener(name, options.Tls is null ? null : new TlsTermination(name, _defaultCertificate, _logger));
        listener.ProxyHeader = options.ProxyProtocol is { } proxy ? new AcceptedProxyHeader(proxy) : null;
        if (options.Tls is not null)
        {
            listener.Tls!.Apply(options.Tls);
        }

        return listener;
    }

    private async Task TakeHeaderAsync(ConnectionContext connection, Listener listener, AcceptedProxyHeader header, ConnectionDelegate next)
    {
        if (await header.TakeAsync(connection) is { } reason)
        {
            listener.RecordRefused();
            listener.Traffic.Refuse("BadProxyHeader");
            Log.BadProxyHeader(_logger, listener.Name, connection.RemoteEndPoint, reason);
            connection.Abort(new ConnectionAbortedException(reason));
            return;
        }

        await next(connection);
    }

    // What the machine cannot speak would be offered to nobody.
    private static HttpListenerProtocols ProtocolsOf(Layer7ListenerOptions listener) =>
        listener.ProtocolsOrDefault() is var protocols && protocols == HttpListenerProtocols.Http1AndHttp2AndHttp3 && !Quic.IsSupported ? HttpListenerProtocols.Http1AndHttp2 : protocols;

    private void RefreshCertificates()
    {
        foreach (var bound in _bound.Values)
        {
            bound.Listener.Tls?.Refresh();
        }
    }

    private static string Key(string name) => $"LoadBalancer:Layer7:Listeners:{name}:Address";

    private static async Task<SocketException?> TryConnectAsync(ListenAddress address)
    {
        var endPoint = address.ToEndPoints()[0];
        var target = endPoint.Address.Equals(IPAddress.IPv6Any) || endPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : endPoint.Address;
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(target, endPoint.Port);
            return null;
        }
        catch (SocketException exception)
        {
            return exception;
        }
    }

    // Binds and lets go again; returns the port.
    private static int TryBind(string key, ListenAddress address)
    {
        var port = address.Port;
        try
        {
            foreach (var endPoint in address.ToEndPoints().Where(endPoint => endPoint.AddressFamily != AddressFamily.InterNetworkV6 || Socket.OSSupportsIPv6))
            {
                using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                if (endPoint.Address.Equals(IPAddress.IPv6Any))
                {
                    // As Kestrel does: a port that only IPv4 has taken is taken.
                    socket.DualMode = true;
                }

                socket.Bind(new IPEndPoint(endPoint.Address, port));
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            }
        }
        // A machine may have IPv6 compiled in and no ::1; Kestrel goes on with the other loopback.
        catch (SocketException exception) when (exception.SocketErrorCode != SocketError.AddressNotAvailable || address.Host != "localhost")
        {
            throw new ListenException(key, address, exception);
        }
        catch (SocketException)
        {
            return port;
        }

        return port;
    }

    private static partial class Log
    {
        [LoggerMessage(312, LogLevel.Debug, "Listener {Listener}: {Proxy} sent no PROXY protocol header, {Reason}.")]
        public static partial void BadProxyHeader(ILogger logger, string listener, EndPoint? proxy, string reason);
    }

    private sealed record Bound(ListenAddress Configured, ListenAddress Address, HttpListenerProtocols Protocols, Listener Listener);

    private sealed class ReloadableSource : IConfigurationSource
    {
        private readonly ReloadableProvider _provider = new();

        public IConfigurationProvider Build(IConfigurationBuilder builder) => _provider;

        public void Publish(Dictionary<string, string?> data) => _provider.Publish(data);
    }

    private sealed class ReloadableProvider : ConfigurationProvider
    {
        public void Publish(Dictionary<string, string?> data)
        {
            Data = data;
            OnReload();
        }
    }
}
