using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// Stores the answers of routes that ask for it, for the route's fixed time. What a backend marks as private or not
/// to be stored (RFC 9111 §5.2.2), sets a cookie with, or varies by a header other than the encoding is not stored.
/// </summary>
internal sealed class RouteCachePolicy(RouteTable routes) : IOutputCachePolicy
{
    /// <summary>The tag of every stored answer.</summary>
    public const string Tag = "route";

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        var cache = routes.Find(context.HttpContext)?.Options.Cache;
        var cacheable = cache is not null
            && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && StringValues.IsNullOrEmpty(request.Headers.Authorization);

        context.EnableOutputCaching = cacheable;
        context.AllowCacheLookup = cacheable;
        context.AllowCacheStorage = cacheable;
        context.AllowLocking = cacheable;
        if (cacheable)
        {
            context.ResponseExpirationTimeSpan = cache!.Duration;
            context.CacheVaryByRules.QueryKeys = "*";
            context.CacheVaryByRules.HeaderNames = HeaderNames.AcceptEncoding;
            context.Tags.Add(Tag);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var response = context.HttpContext.Response;
        var varies = response.Headers.GetCommaSeparatedValues(HeaderNames.Vary);
        var forbidden = CacheControlHeaderValue.TryParse(response.Headers.CacheControl.ToString(), out var control) && (control.NoStore || control.Private);
        if (response.StatusCode != StatusCodes.Status200OK
            || forbidden
            || !StringValues.IsNullOrEmpty(response.Headers.SetCookie)
            || varies.Any(name => !name.Equals(HeaderNames.AcceptEncoding, StringComparison.OrdinalIgnoreCase)))
        {
            context.AllowCacheStorage = false;
        }

        return ValueTask.CompletedTask;
    }
}
