using LoadBalancer.Backends;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>Makes copies of requests for the pools of mirrors. A request waits for none of it.</summary>
internal sealed class MirrorSender(YarpForwarder forwarder, ILogger<MirrorSender> logger)
{
    /// <summary>The header that tells a service that a request is a copy, whose answer nobody gets.</summary>
    public const string Header = "X-Mirrored";

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Begins a copy of a request, if it is its turn; one without a body is sent at once.</summary>
    public void Begin(HttpContext context, BalancedRequest request, Mirror mirror)
    {
        if (request.IsUpgrade || !mirror.HasItsTurn())
        {
            return;
        }

        if (context.Request.ContentLength > mirror.Options.MaxBodySize)
        {
            mirror.Record(MirrorResult.TooLarge);
        }
        else if (!mirror.TryBegin())
        {
            mirror.Record(MirrorResult.TooMany);
        }
        else
        {
            Begin(context, request, mirror, mirror.Pool);
        }
    }

    private void Begin(HttpContext context, BalancedRequest request, Mirror mirror, BackendPool pool)
    {
        if (forwarder.FindClient(request.Route, pool) is not { } client
            || pool.Pick(pool.Policy, ClientHash.Of(context.Connection.RemoteIpAddress)) is not { } backend)
        {
            mirror.End(MirrorResult.NoBackend);
            return;
        }

        MirroredRequest copy;
        try
        {
            var timeout = request.Route.Options.Timeouts.Total is { } total && total < LongestWait ? total : LongestWait;
            copy = new(mirror, backend, Message(context, request, pool, backend), client, timeout, logger);
        }
        // Whatever is wrong with the copy, the request has nothing to do with it.
        catch (Exception exception)
        {
            MirroredRequest.Log.Failed(logger, mirror.Route, backend, exception.Message);
            pool.Release(backend);
            mirror.End(MirrorResult.Failed);
            return;
        }

        if (request.HasBody)
        {
            request.Copy = copy;
        }
        else
        {
            copy.Send();
        }
    }

    // Now, with all that the route changes: when the copy is sent, the request may be over and its context another's.
    private static HttpRequestMessage Message(HttpContext context, BalancedRequest request, BackendPool pool, Backend backend)
    {
        var config = request.Route.RequestConfigs.For(context, pool, backend);
        var address = backend.Url;
        var message = new HttpRequestMessage(HttpMethod.Parse(context.Request.Method), (Uri?)null)
        {
            Version = config.Version ?? System.Net.HttpVersion.Version20,
            VersionPolicy = config.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
            // With content, even if it is empty, HttpClient does not send it again by itself.
            Content = request.HasBody || !request.IsIdempotent ? new MirroredBody() : null,
        };
        var transform = RouteTable.ModelOf(context)!.Transformer.TransformRequestAsync(context, message, address, CancellationToken.None);
        if (!transform.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("A transform that waits cannot be used with a mirror.");
        }

        message.RequestUri ??= RequestUtilities.MakeDestinationAddress(address, context.Request.Path, context.Request.QueryString);
        PoolHttpClientFactory.Address(message, backend);
        message.Headers.Remove(Header);
        message.Headers.TryAddWithoutValidation(Header, "1");
        return message;
    }
}
