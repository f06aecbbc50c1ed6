namespace LoadBalancer.Configuration.Commands;

/// <summary>A stored answer.</summary>
/// <param name="Url">Its address, as clients ask for it.</param>
/// <param name="Route">The route that it came by.</param>
/// <param name="Status">Its HTTP status.</param>
/// <param name="Vary">Request headers that select it, such as <c>Accept-Encoding: gzip</c>; empty when it is for all requests.</param>
/// <param name="Bytes">Bytes that it takes, with its headers.</param>
/// <param name="Hits">How often it was used.</param>
/// <param name="AgeSeconds">Seconds since a service made or confirmed it.</param>
/// <param name="FreshSeconds">Seconds for which it stays fresh; not positive when a backend is asked before it is used.</param>
/// <param name="HasValidator">Whether a backend can confirm it, instead of sending it again.</param>
/// <param name="Tags">Its tags.</param>
public sealed record CachedAnswer(
    string Url,
    string Route,
    int Status,
    IReadOnlyList<string> Vary,
    long Bytes,
    long Hits,
    double AgeSeconds,
    double FreshSeconds,
    bool HasValidator,
    IReadOnlyList<string> Tags);
