using System.Runtime.CompilerServices;
using LoadBalancer.Backends;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Forwards by YARP, with the transforms of the route and the connections of the pool's cluster.</summary>
internal sealed class YarpForwarder(IHttpForwarder forwarder, IProxyStateLookup clusters) : IForwarder
{
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(1);

    private static readonly ConditionalWeakTable<Backend, string> Addresses = [];

    /// <summary>The address of a backend in YARP's form.</summary>
    public static string AddressOf(Backend backend) => Addresses.GetValue(backend, Describe);

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
        var transformer = new AttemptTransformer(context.GetReverseProxyFeature().Route.Transformer, attempt);
        var invoker = attempt.Hedge is { } hedge ? new HedgedInvoker(attempt, hedge, client, AddressOf) : client;
        var error = await forwarder.SendAsync(context, AddressOf(attempt.Backend), invoker, request.Route.RequestConfig, transformer, cancellation);
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

    private static string Describe(Backend backend) => $"{(backend.IsHttps ? "https" : "http")}://{backend.Id}/";
}
