using System.Runtime.CompilerServices;
using LoadBalancer.Backends;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Forwards by YARP, with the transforms of the route and the connections of the pool's cluster.</summary>
internal sealed class YarpForwarder(IHttpForwarder forwarder, IProxyStateLookup clusters) : IForwarder
{
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(1);

    private readonly ConditionalWeakTable<Backend, string> _addresses = [];

    public async ValueTask<ForwarderError> SendAsync(HttpContext context, Attempt attempt, CancellationToken cancellation)
    {
        var request = attempt.Request;
        if (!clusters.TryGetCluster(request.Pool.Name, out var cluster) && (cluster = await WaitForClusterAsync(request.Pool.Name)) is null)
        {
            // It went with a reload, and its connections with it.
            attempt.RequestSent = false;
            return ForwarderError.NoAvailableDestinations;
        }

        context.Features.Set<IForwarderErrorFeature>(null);
        var transformer = new AttemptTransformer(context.GetReverseProxyFeature().Route.Transformer, attempt);
        var address = _addresses.GetValue(attempt.Backend, AddressOf);
        var error = await forwarder.SendAsync(context, address, cluster.Model.HttpClient, request.Route.RequestConfig, transformer, cancellation);
        if (error != ForwarderError.None)
        {
            attempt.Exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
            // Without a connection the backend has seen nothing, and the body was not read.
            attempt.RequestSent = attempt.Exception is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError };
        }

        return error;
    }

    // A pool may be so new that YARP has yet to hear of it; that takes moments, not a refusal.
    private async ValueTask<ClusterState?> WaitForClusterAsync(string pool)
    {
        var since = TimeProvider.System.GetTimestamp();
        ClusterState? cluster;
        while (!clusters.TryGetCluster(pool, out cluster) && TimeProvider.System.GetElapsedTime(since) < LongestLag)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        return cluster;
    }

    private static string AddressOf(Backend backend) => $"{(backend.IsHttps ? "https" : "http")}://{backend.Id}/";
}
