using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;

namespace LoadBalancer.Layer4.Tls;

/// <summary>
/// Chooses a pool by what a ClientHello says: exact names first, then suffixes, the longest first, then routes for any
/// name; among equals those that name one of the client's protocols first.
/// </summary>
internal sealed class TlsRouteTable
{
    private readonly Rule[] _rules;

    /// <param name="routes">Valid routes, in the order of the configuration.</param>
    /// <param name="pools">Where their pools are.</param>
    public TlsRouteTable(IEnumerable<TlsRouteOptions> routes, BackendPools pools)
    {
        var rules =
            from route in routes
            let pool = pools.Find(route.Pool!)
            from name in route.ServerNames.DefaultIfEmpty<string?>(null)
            select new Rule(name?.ToLowerInvariant(), route.Protocols, pool);
        // A stable sort: equals stay in the order of the configuration.
        _rules = [.. rules.OrderBy(rule => rule.Rank).ThenByDescending(rule => rule.Name?.Length).ThenBy(rule => rule.Protocols.Length == 0)];
    }

    /// <summary>Finds the pool for a server name and the protocols that the client offers.</summary>
    /// <param name="serverName">Lower case; null when the client names none.</param>
    /// <param name="protocols">What the client offers by ALPN.</param>
    /// <returns>The pool, or null when no route matches.</returns>
    public BackendPool? Find(string? serverName, ReadOnlySpan<string> protocols)
    {
        foreach (var rule in _rules)
        {
            if (rule.Matches(serverName, protocols))
            {
                return rule.Pool;
            }
        }

        return null;
    }

    private sealed record Rule(string? Name, string[] Protocols, BackendPool Pool)
    {
        private readonly string? _suffix = Name is ['*', ..] ? Name[1..] : null;

        public int Rank => Name is null ? 2 : _suffix is null ? 0 : 1;

        public bool Matches(string? serverName, ReadOnlySpan<string> protocols) =>
            MatchesName(serverName) && (Protocols.Length == 0 || protocols.ContainsAny(Protocols));

        private bool MatchesName(string? serverName) =>
            Name is null || (serverName is not null && (_suffix is null ? serverName == Name : serverName.EndsWith(_suffix, StringComparison.Ordinal) && serverName.Length > _suffix.Length));
    }
}
