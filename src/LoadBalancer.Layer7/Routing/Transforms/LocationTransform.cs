using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>
/// Rewrites URLs in <c>Location</c>, <c>Content-Location</c> and <c>Refresh</c> that point to the backend, so that they
/// point to what the client asked for: scheme, host, and the prefix that the backend does not see.
/// </summary>
internal sealed class LocationTransform : ResponseTransform
{
    private readonly List<(string From, string To)> _rules = [];

    /// <summary>Whether the rules alone hold.</summary>
    public bool IsOff { get; set; }

    /// <summary>The way back from the backend's paths.</summary>
    public PathMapping Paths { get; set; } = new();

    /// <summary>The one of a route, made where the first transform asks for it.</summary>
    public static LocationTransform Of(TransformBuilderContext context)
    {
        if (context.ResponseTransforms.OfType<LocationTransform>().FirstOrDefault() is not { } transform)
        {
            context.ResponseTransforms.Add(transform = new());
        }

        return transform;
    }

    /// <summary>Replaces the beginning of a URL.</summary>
    public void Add(string from, string to) => _rules.Add((from, to));

    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse?.RequestMessage is { RequestUri: { } backend } sent)
        {
            Apply(context.HttpContext, backend, sent.Headers.Host);
        }

        return default;
    }

    /// <summary>Rewrites the headers of an answer.</summary>
    /// <param name="context">The request, which has the answer's headers.</param>
    /// <param name="backend">Where it was sent.</param>
    /// <param name="sentHost">The host that it was sent with, where that is not the backend's own address.</param>
    public void Apply(HttpContext context, Uri backend, string? sentHost)
    {
        var request = context.Request;
        var headers = context.Response.Headers;
        if (headers.Location is [{ } location])
        {
            headers.Location = Rewrite(location, request, backend, sentHost);
        }

        if (headers.ContentLocation is [{ } contentLocation])
        {
            headers.ContentLocation = Rewrite(contentLocation, request, backend, sentHost);
        }

        if (headers["Refresh"] is [{ } refresh] && refresh.IndexOf("url=", StringComparison.OrdinalIgnoreCase) is > 0 and var at)
        {
            var start = at + "url=".Length;
            var quote = refresh.Length > start && refresh[start] is '"' or '\'' ? refresh[start].ToString() : "";
            headers["Refresh"] = $"{refresh[..start]}{quote}{Rewrite(refresh[(start + quote.Length)..].TrimEnd('"', '\''), request, backend, sentHost)}{quote}";
        }
    }

    private string Rewrite(string url, HttpRequest request, Uri backend, string? sentHost)
    {
        foreach (var (from, to) in _rules)
        {
            if (url.StartsWith(from, StringComparison.Ordinal))
            {
                var replaced = to + url[from.Length..];
                // A path in place of a whole URL is one of the client's own host.
                return replaced is ['/', ..] && url is not ['/', ..] ? Origin(request) + replaced : replaced;
            }
        }

        return IsOff ? url
            : url is ['/', not '/', ..] or ['/'] ? (Paths.IsOfClient(url) ? url : Paths.ToClient(url) ?? url)
            : RewriteWhole(url, request, backend, sentHost);
    }

    private string RewriteWhole(string url, HttpRequest request, Uri backend, string? sentHost)
    {
        var whole = url is ['/', '/', ..] ? $"{backend.Scheme}:{url}" : url;
        if (!Uri.TryCreate(whole, UriKind.Absolute, out var uri) || !IsBackend(uri, backend, sentHost, request.Headers.Host.ToString()))
        {
            return url;
        }

        var authority = whole.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = whole.AsSpan(authority).IndexOfAny('/', '?', '#');
        var path = end < 0 ? "/" : whole[(authority + end)..];
        path = path is ['/', ..] ? path : "/" + path;
        return Origin(request) + (Paths.ToClient(path) ?? path);
    }

    // By its address, or by the name that a transform of the route gives it. The client's own name is none: a backend
    // that is told it knows what it says.
    private static bool IsBackend(Uri uri, Uri backend, string? sentHost, string clientHost) =>
        uri.Scheme == backend.Scheme
        && (uri.Authority.Equals(backend.Authority, StringComparison.OrdinalIgnoreCase)
            || (sentHost is not null && uri.Authority.Equals(sentHost, StringComparison.OrdinalIgnoreCase) && !sentHost.Equals(clientHost, StringComparison.OrdinalIgnoreCase)));

    // Before HTTP/1.1 a client need not say which host it asks.
    private static string Origin(HttpRequest request) => request.Headers.Host.ToString() is { Length: > 0 } host ? $"{request.Scheme}://{host}" : "";
}
