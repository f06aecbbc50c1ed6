using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What is left to do for an answer that the cache did not look at, before its head goes out.</summary>
internal sealed class PassedAnswer(AnswerCache cache, HttpContext context, CachingRoute? route, ForwardReason reason, bool invalidates)
{
    // Before the client hears of its change: whoever asks then must not get what was before.
    public Task CompleteAsync()
    {
        var response = context.Response;
        if (invalidates && response.StatusCode is >= 200 and < 400)
        {
            Invalidate(response.Headers);
        }

        if (route is not null)
        {
            CacheTags.Take(route, response.Headers);
            response.Headers.Append("Cache-Status", cache.StatusText.Forwarded(reason, 0, null, collapsed: false));
        }

        return Task.CompletedTask;
    }

    // RFC 9111 section 4.4; other hosts' addresses are not this service's to forget.
    private void Invalidate(IHeaderDictionary headers)
    {
        cache.Invalidate(context.Request);
        if ((headers.Location.Count > 0 || headers.ContentLocation.Count > 0) && CacheKey.AddressOf(context.Request) is { } self)
        {
            InvalidateRelated(self, headers.Location);
            InvalidateRelated(self, headers.ContentLocation);
        }
    }

    private void InvalidateRelated(Uri self, StringValues location)
    {
        if (location.Count == 1 && Uri.TryCreate(self, location[0], out var address) && address.Scheme == self.Scheme && address.Authority == self.Authority)
        {
            cache.Invalidate(address);
        }
    }
}
