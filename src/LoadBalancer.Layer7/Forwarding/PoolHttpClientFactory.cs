using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Makes the clients that speak to backends, over TLS in the way of their pool.</summary>
internal sealed class PoolHttpClientFactory(BackendPools pools, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = PoolProxyConfigProvider.ConnectTimeoutOf(context.NewMetadata!);
        if (pools.Find(PoolProxyConfigProvider.PoolOf(context.NewMetadata!))?.Tls is { } tls)
        {
            tls.Configure(handler);
        }
    }

    // Connections that were made under another trust end with the requests that they carry.
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context) && PoolProxyConfigProvider.SameTls(context.OldMetadata!, context.NewMetadata!);
}
