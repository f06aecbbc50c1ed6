using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Forwards by YARP, with the transforms of the route and the connections of the pool's cluster.</summary>
internal sealed class YarpForwarder(IHttpForwarder forwarder, IProxyStateLookup clusters) : IForwarder
{
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(1);

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
        var backend = attempt.Backend;
        if (context.Features.Get<IHttpResetFeature>() is { } reset and not BackendReset)
        {
            context.Features.Set<IHttpResetFeature>(new BackendReset(context.Features, reset));
        }

        var config = request.Route.RequestConfigs.For(context, request.Pool, backend);
        var error = await forwarder.SendAsync(context, backend.Url, cluster.Model.HttpClient, config, transformer, cancellation);
        if (transformer.IsAnswered && error is ForwarderError.RequestBodyDestination or ForwarderError.RequestBodyCanceled)
        {
            // It answered before the body was at its end and wanted no more of it, as it may (RFC 9110 §7.5).
            context.Features.Set<IForwarderErrorFeature>(null);
            return ForwarderError.None;
        }

        if (error != ForwarderError.None)
        {
            attempt.Exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
            // Without a connection the backend has seen nothing, and the body was not read.
            attempt.RequestSent = attempt.Exception is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
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
}
