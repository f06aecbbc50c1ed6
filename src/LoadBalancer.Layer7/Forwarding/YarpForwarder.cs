using LoadBalancer.Backends;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Forwards by YARP, with the transforms of the route and the connections of the pool's cluster.</summary>
internal sealed class YarpForwarder(IHttpForwarder forwarder, IProxyStateLookup clusters) : IForwarder
{
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(1);

    /// <summary>The connections to a pool for a route's requests; null where YARP does not know the pool.</summary>
    public HttpMessageInvoker? FindClient(Route route, BackendPool pool) =>
        clusters.TryGetCluster(route.ClusterOf(pool), out var cluster) ? cluster.Model.HttpClient : null;

    public async ValueTask<ForwarderError> SendAsync(HttpContext context, Attempt attempt, CancellationToken cancellation)
    {
        var request = attempt.Request;
        var client = FindClient(request.Route, request.Pool) ?? await WaitForClientAsync(request.Route, request.Pool);
        if (client is null)
        {
            // It went with a reload, and its connections with it.
            attempt.RequestSent = false;
            return ForwarderError.NoAvailableDestinations;
        }

        context.Features.Set<IForwarderErrorFeature>(null);
        var transformer = new AttemptTransformer(RouteTable.ModelOf(context)!.Transformer, attempt);
        var backend = attempt.Backend;
        if (context.Features.Get<IHttpResetFeature>() is { } reset and not BackendReset)
        {
            context.Features.Set<IHttpResetFeature>(new BackendReset(context.Features, reset));
        }

        var config = request.Route.RequestConfigs.For(context, request.Pool, backend);
        var invoker = attempt.Hedge is { } hedge ? new HedgedInvoker(attempt, hedge, client) : client;
        var error = await forwarder.SendAsync(context, backend.Url, invoker, config, transformer, cancellation);
        if (transformer.IsAnswered && error is ForwarderError.RequestBodyDestination or ForwarderError.RequestBodyCanceled)
        {
            // It answered before the body was at its end and wanted no more of it, as it may (RFC 9110 §7.5).
            context.Features.Set<IForwarderErrorFeature>(null);
            return ForwarderError.None;
        }

        if (error != ForwarderError.None)
        {
            attempt.Exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
            Explain(attempt);
        }

        return error;
    }

    // Without a connection the backend has seen nothing, and the body was not read.
    private static void Explain(Attempt attempt)
    {
        switch (attempt.Exception)
        {
            // How SocketsHttpHandler says that its ConnectTimeout ran out.
            case OperationCanceledException { InnerException: TimeoutException } when attempt.Deadline?.Expired is null:
                attempt.RequestSent = false;
                attempt.Timeout = RouteTimeout.Connect;
                break;
            case HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError }:
            // The handshake agreed on another version than the pool's. With an inner exception it was the backend that refused the request.
            case HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError, InnerException: null }:
                attempt.RequestSent = false;
                break;
        }
    }

    // A pool may be so new that YARP has yet to hear of it; that takes moments, not a refusal.
    private async ValueTask<HttpMessageInvoker?> WaitForClientAsync(Route route, BackendPool pool)
    {
        var since = TimeProvider.System.GetTimestamp();
        HttpMessageInvoker? client;
        while ((client = FindClient(route, pool)) is null && TimeProvider.System.GetElapsedTime(since) < LongestLag)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        return client;
    }
}
