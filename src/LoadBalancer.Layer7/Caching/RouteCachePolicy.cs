using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// Stores the answers of routes that ask for it, for the route's fixed time. What a backend marks as private, not to
/// be stored or not to be used unasked (RFC 9111 §5.2.2), sets a cookie with, or varies by a header other than the
/// encoding is not stored.
/// </summary>
internal sealed class RouteCachePolicy(RouteTable routes) : IOutputCachePolicy
{
    /// <summary>The tag of every stored answer.</summary>
    public const string Tag = "route";

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var route = routes.Find(context.HttpContext);
        var cacheable = route?.Options.Cache is not null && IsCacheable(context.HttpContext);
        context.EnableOutputCaching = cacheable;
        context.AllowCacheLookup = cacheable;
        context.AllowCacheStorage = cacheable;
        context.AllowLocking = cacheable;
        if (cacheable)
        {
            context.ResponseExpirationTimeSpan = route!.Options.Cache!.Duration;
            context.CacheVaryByRules.QueryKeys = "*";
            context.CacheVaryByRules.HeaderNames = new([HeaderNames.AcceptEncoding, .. route.Options.Headers.Keys]);
            // Two routes may differ in what the key does not have, and lead to different services.
            context.CacheVaryByRules.VaryByValues["route"] = route.Name;
            context.Tags.Add(Tag);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var response = context.HttpContext.Response;
        var varies = response.Headers.GetCommaSeparatedValues(HeaderNames.Vary);
        if (response.StatusCode != StatusCodes.Status200OK
            || ForbidsStorage(response.Headers)
            || !StringValues.IsNullOrEmpty(response.Headers.SetCookie)
            || varies.Any(name => !name.Equals(HeaderNames.AcceptEncoding, StringComparison.OrdinalIgnoreCase)))
        {
            context.AllowCacheStorage = false;
        }

        return ValueTask.CompletedTask;
    }

    // A request that waits for another's answer would wait for as long as a WebSocket or an event stream is open.
    private static bool IsCacheable(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && StringValues.IsNullOrEmpty(context.Request.Headers.Authorization)
        && !ClientCertificateHeaders.AreAddedTo(context)
        && StringValues.IsNullOrEmpty(context.Request.Headers.Upgrade)
        && !context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);

    // By name, whatever else is in the header: one that cannot be parsed as a whole must not open the cache.
    private static bool ForbidsStorage(IHeaderDictionary headers) =>
        headers.GetCommaSeparatedValues(HeaderNames.CacheControl).Any(directive =>
            directive.Split('=')[0].Trim().ToLowerInvariant() is "no-store" or "private" or "no-cache");
}
