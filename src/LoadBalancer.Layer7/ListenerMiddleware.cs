using System.Globalization;
using LoadBalancer.Layer7.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7;

/// <summary>Does first what the listener asks for, whatever the route: sends to HTTPS, passes on the client's certificate.</summary>
internal sealed class ListenerMiddleware(RequestDelegate next, ClientCertificateHeaders headers)
{
    private const int HttpsPort = 443;

    public Task InvokeAsync(HttpContext context)
    {
        var listener = context.Features.Get<Listener>();
        listener?.RecordRequest();
        // A trusted proxy in front may have ended TLS.
        if (listener is { RedirectPort: > 0 and var port } && !context.Request.IsHttps)
        {
            Redirect(context, port);
            return Task.CompletedTask;
        }

        headers.Apply(context, listener?.Tls?.ForwardHeader);
        return next(context);
    }

    private static void Redirect(HttpContext context, int port)
    {
        var host = context.Request.Host;
        if (!host.HasValue)
        {
            // HTTP/1.0 may come without, and then there is nowhere to send it to.
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var authority = port == HttpsPort ? host.Host : string.Create(CultureInfo.InvariantCulture, $"{host.Host}:{port}");
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers[HeaderNames.Location] = $"https://{authority}{Target(context)}";
    }

    // As it was sent: decoding and encoding again could make another address of it.
    private static string Target(HttpContext context) =>
        context.Features.Get<IHttpRequestFeature>()!.RawTarget is ['/', ..] target ? target : $"{context.Request.Path}{context.Request.QueryString}";
}
