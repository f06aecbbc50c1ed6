using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Routing;

/// <summary>YARP's routes and clusters at one moment, with the token that says when they are out of date.</summary>
internal sealed class PoolProxyConfig(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters) : IProxyConfig
{
    private readonly CancellationTokenSource _outdated = new();

    public IReadOnlyList<RouteConfig> Routes => routes;

    public IReadOnlyList<ClusterConfig> Clusters => clusters;

    public IChangeToken ChangeToken => new CancellationChangeToken(_outdated.Token);

    public void SignalChange() => _outdated.Cancel();
}
