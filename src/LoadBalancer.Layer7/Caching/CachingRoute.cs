using System.Collections.Concurrent;
using LoadBalancer.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Caching;

/// <summary>How a route in force keeps answers.</summary>
internal sealed class CachingRoute
{
    private readonly string[] _ownCookies;
    private readonly ConcurrentDictionary<string, string> _prefixes;
    private readonly RouteConfig _expected;
    private volatile RouteConfig? _seen;

    /// <param name="id">Differs from that of every route before it whose answers may not be used any more.</param>
    /// <param name="name">The route's name.</param>
    /// <param name="options">Its options, with a cache.</param>
    /// <param name="config">What YARP was told of the route.</param>
    /// <param name="before">The route of before whose answers are used on; null for none.</param>
    public CachingRoute(int id, string name, RouteOptions options, RouteConfig config, CachingRoute? before)
    {
        // What is stored must be found again by whoever invalidates it.
        _prefixes = before?._prefixes ?? new(StringComparer.OrdinalIgnoreCase);
        Id = id;
        Name = name;
        Options = options;
        VaryBy = [.. options.Headers.Where(condition => condition.Value.Length != 1).Select(condition => condition.Key)];
        _expected = config;
        string?[] cookies = [options.SessionAffinity?.CookieFor(options.Pool!), options.Split?.CookieFor(name)];
        _ownCookies = [.. cookies.OfType<string>()];
    }

    public int Id { get; }

    public string Name { get; }

    public RouteOptions Options { get; }

    public RouteCacheOptions Cache => Options.Cache!;

    /// <summary>What the keys of the route's answers begin with, for each pool that was asked: a split's pools may differ in their answers.</summary>
    public ICollection<string> KeyPrefixes => _prefixes.Values;

    /// <summary>Request headers that the route matches by and that can have several values: answers may differ by them, whatever <c>Vary</c> says.</summary>
    public string[] VaryBy { get; }

    /// <summary>What the keys of the route's answers from a pool begin with.</summary>
    public string KeyPrefixFor(string pool) =>
        _prefixes.TryGetValue(pool, out var prefix) ? prefix : _prefixes.GetOrAdd(pool, $"{Id}/{pool.ToUpperInvariant()}\0");

    /// <summary>Whether YARP sends the route's requests as these options say; for a moment after a reload it does not.</summary>
    public bool IsFollowedBy(RouteConfig config)
    {
        if (ReferenceEquals(_seen, config))
        {
            return true;
        }

        if (!_expected.Equals(config))
        {
            return false;
        }

        _seen = config;
        return true;
    }

    /// <summary>Whether the balancer itself sets this cookie: what a client gets to keep is no part of the answer.</summary>
    public bool IsOwnCookie(string? setCookie) =>
        setCookie is not null && Array.Exists(_ownCookies, name => setCookie.StartsWith(name, StringComparison.Ordinal) && setCookie.AsSpan(name.Length) is ['=', ..]);
}
