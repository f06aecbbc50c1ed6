using System.Net;
using LoadBalancer.Backends;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>The route's transforms, with the question in between whether the client gets this answer.</summary>
internal sealed class AttemptTransformer(HttpTransformer route, Attempt attempt) : HttpTransformer
{
    /// <summary>The attempt that a request to a backend is sent for.</summary>
    public static readonly HttpRequestOptionsKey<Attempt> AttemptKey = new(nameof(Attempt));

    /// <summary>Whether the whole answer went to the client.</summary>
    public bool IsAnswered { get; private set; }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await route.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Options.Set(AttemptKey, attempt);
        BackendConnector.AddHost(attempt.Backend, proxyRequest.Headers);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
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
            // The client may still be sending, and what it waits for before it stops may be the end of the answer.
            await httpContext.Response.CompleteAsync();
        }
    }
}
