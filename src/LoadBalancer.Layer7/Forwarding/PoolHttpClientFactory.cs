using System.Text;
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
    private static readonly HttpRequestOptionsKey<bool> IsSentKey = new(nameof(IsSentKey));

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
        handler.RequestHeaderEncodingSelector = RefuseToRepeat;
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

    // While it waits to be told to send the body, HttpClient sends a request again by itself when the connection is closed,
    // whatever the method. It asks this for each field that it writes, and so for Expect each time.
    private static Encoding? RefuseToRepeat(string name, HttpRequestMessage request)
    {
        if (name.Equals("Expect", StringComparison.OrdinalIgnoreCase) && !BalancedRequest.IsIdempotentMethod(request.Method.Method))
        {
            if (request.Options.TryGetValue(IsSentKey, out _))
            {
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "The backend closed the connection before its answer had come.");
            }

            request.Options.Set(IsSentKey, true);
        }

        return null;
    }

    private static ValueTask<Stream> ConnectAsync(HttpRequestMessage request, BackendTls tls, CancellationToken cancellation) =>
        request.Options.TryGetValue(BackendKey, out var backend)
            ? BackendConnector.OpenAsync(backend, tls, request, cancellation)
            : throw new InvalidOperationException("The request is for no backend.");
}
