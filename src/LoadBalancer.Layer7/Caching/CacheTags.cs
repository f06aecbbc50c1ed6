using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Caching;

/// <summary>The header in which a service says the tags of its answer. It is for the balancer, and clients do not get it.</summary>
internal static class CacheTags
{
    public const string HeaderName = "Cache-Tag";

    private const int MostTags = 100;

    /// <summary>Takes the header away, and says the tags of an answer: the route's, then the header's.</summary>
    public static string[] Take(CachingRoute route, IHeaderDictionary headers)
    {
        if (!headers.Remove(HeaderName, out var lines))
        {
            return route.Cache.Tags;
        }

        return [.. route.Cache.Tags
            .Concat(HeaderList.Members(lines).SelectMany(member => member.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Take(MostTags)];
    }
}
