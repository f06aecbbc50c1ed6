namespace LoadBalancer.Layer7.Caching;

/// <summary>Which stored answers a command means: those for which all that is given holds.</summary>
/// <param name="Path">The path, with the query or for every query; with <c>*</c> at the end, all paths that begin so.</param>
/// <param name="Tag">One of their tags, in any case.</param>
/// <param name="Route">Their route, in any case.</param>
internal sealed record CacheFilter(string? Path, string? Tag, string? Route)
{
    public bool Matches(Resource resource, StoredAnswer answer) =>
        (Route is null || resource.Route.Name.Equals(Route, StringComparison.OrdinalIgnoreCase))
        && (Tag is null || answer.Head.Tags.Contains(Tag, StringComparer.OrdinalIgnoreCase))
        && (Path is null || MatchesPath(resource.Key));

    private bool MatchesPath(CacheKey key)
    {
        var value = Path!.Contains('?', StringComparison.Ordinal) ? key.Path + key.Query : key.Path;
        return Path.EndsWith('*') ? value.AsSpan().StartsWith(Path.AsSpan(..^1), StringComparison.Ordinal) : value == Path;
    }
}
