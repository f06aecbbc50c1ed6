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

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        var pool = pools.Find(PoolProxyConfigProvider.PoolOf(context.NewMetadata!));
        var tls = pool?.Tls ?? BackendTls.Standard;
        // The route says how long.
        handler.ConnectTimeout = Timeout.InfiniteTimeSpan;
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

    private static async ValueTask<Stream> ConnectAsync(HttpRequestMessage request, BackendTls tls, CancellationToken cancellation)
    {
        if (!request.Options.TryGetValue(AttemptTransformer.AttemptKey, out var attempt))
        {
            throw new InvalidOperationException("The request belongs to no attempt.");
        }

        var patience = attempt.Request.Route.Options.Timeouts.Connect;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        try
        {
            return await BackendConnector.OpenAsync(attempt.Backend, tls, request, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no connection within {patience.TotalMilliseconds:0} ms");
        }
    }
}
