using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Tls;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Makes the clients that speak to backends, in the way of their pool.</summary>
internal sealed class PoolHttpClientFactory(BackendPools pools, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    // A backend that knows the expectation answers it in a round trip. One that does not must get the body in the end.
    private static readonly TimeSpan LongestExpectation = TimeSpan.FromSeconds(5);

    private static readonly HttpRequestOptionsKey<Backend> BackendKey = new(nameof(Backend));

    /// <summary>Makes a request one to a backend.</summary>
    public static void Address(HttpRequestMessage request, Backend backend)
    {
        request.Options.Set(BackendKey, backend);
        BackendConnector.AddHost(backend, request.Headers);
    }

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        // Each attempt has its span already, whoever forwards it, and passes its context on.
        handler.ActivityHeadersPropagator = null;
        var pool = pools.Find(PoolProxyConfigProvider.PoolOf(context.NewMetadata!));
        var tls = pool?.Tls ?? BackendTls.Standard;
        handler.ConnectTimeout = PoolProxyConfigProvider.ConnectTimeoutOf(context.NewMetadata!);
        handler.ConnectCallback = (connection, cancellation) => ConnectAsync(connection.InitialRequestMessage, tls, cancellation);
        handler.Expect100ContinueTimeout = LongestExpectation;
        if (pool?.Options.HttpVersion == BackendHttpVersion.Http3)
        {
            tls.Configure(handler.SslOptions);
        }
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new FlushingHandler(base.WrapHandler(context, handler));

    // Connections that were made under another trust end with the requests that they carry.
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context) && PoolProxyConfigProvider.SameConnections(context.OldMetadata!, context.NewMetadata!);

    private static ValueTask<Stream> ConnectAsync(HttpRequestMessage request, BackendTls tls, CancellationToken cancellation) =>
        request.Options.TryGetValue(BackendKey, out var backend)
            ? BackendConnector.OpenAsync(backend, tls, request, cancellation)
            : throw new InvalidOperationException("The request is for no backend.");
}
