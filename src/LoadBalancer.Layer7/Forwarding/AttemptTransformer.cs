using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>The route's transforms, with the question in between whether the client gets this answer.</summary>
internal sealed class AttemptTransformer(HttpTransformer route, Attempt attempt) : HttpTransformer
{
    public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        // HttpClient sends a request again by itself when the connection is closed without an answer, whatever the
        // method, unless it has begun to send content; so one that must not be sent twice has one, of no length.
        if (proxyRequest.Content is null && attempt.Request is { IsIdempotent: false, IsUpgrade: false })
        {
            httpContext.Request.ContentLength = 0;
        }

        return route.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
    }

    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken) =>
        proxyResponse is not null && !attempt.Accept((int)proxyResponse.StatusCode)
            ? new(false)
            : route.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);

    public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken) =>
        route.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
}
