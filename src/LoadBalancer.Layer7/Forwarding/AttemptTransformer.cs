using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>The route's transforms, with the question in between whether the client gets this answer.</summary>
internal sealed class AttemptTransformer(HttpTransformer route, Attempt attempt) : HttpTransformer
{
    /// <summary>Whether the whole answer went to the client.</summary>
    public bool IsAnswered { get; private set; }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        // HttpClient sends a request again by itself when the connection is closed without an answer, whatever the
        // method, unless it has begun to send content; so one that must not be sent twice has one, of no length.
        if (proxyRequest.Content is null && attempt.Request is { IsIdempotent: false, IsUpgrade: false })
        {
            httpContext.Request.ContentLength = 0;
        }

        await route.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        PoolHttpClientFactory.Address(proxyRequest, attempt.Backend);
        TraceContext.Inject(proxyRequest.Headers);
        if (attempt.Span is { } span)
        {
            AttemptSpan.Address(span, proxyRequest.RequestUri ?? RequestUtilities.MakeDestinationAddress(destinationPrefix, httpContext.Request.Path, httpContext.Request.QueryString));
        }
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is not null && attempt.Span is { } span)
        {
            AttemptSpan.Answered(span, (int)proxyResponse.StatusCode, proxyResponse.Version);
        }

        if (proxyResponse is not null && !attempt.Accept((int)proxyResponse.StatusCode))
        {
            return false;
        }

        var copied = await route.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (copied && proxyResponse is { Content.Headers.ContentLength: null, StatusCode: not HttpStatusCode.SwitchingProtocols } && proxyResponse.RequestMessage?.Method != HttpMethod.Connect)
        {
            proxyResponse.Content = new StreamContent(new PromptBody(await proxyResponse.Content.ReadAsStreamAsync(cancellationToken), httpContext.Response));
        }

        return copied;
    }

    public override async ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        await route.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
        IsAnswered = true;
        if (httpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            // The client may still be sending, and what it waits for before it stops may be the end of the answer. One of
            // HTTP/3 that no longer wants it leaves Kestrel waiting here for ever; the token ends that with the idle time.
            await httpContext.Response.CompleteAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
