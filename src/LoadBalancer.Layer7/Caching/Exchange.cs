using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What the rules for storing must know of the request that an answer is for.</summary>
internal sealed class Exchange
{
    public Exchange(CachingRoute route, HttpRequest request, in CacheControl control, long startedAt)
    {
        Route = route;
        RequestHeaders = request.Headers;
        NoStore = control.NoStore;
        HasAuthorization = !StringValues.IsNullOrEmpty(request.Headers.Authorization);
        HasCookie = !StringValues.IsNullOrEmpty(request.Headers.Cookie);
        StartedAt = startedAt;
    }

    public CachingRoute Route { get; }

    public IHeaderDictionary RequestHeaders { get; }

    public bool NoStore { get; }

    public bool HasAuthorization { get; }

    public bool HasCookie { get; }

    /// <summary>When it went to the backend, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; }
}
