using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration.Commands;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>A pool or a route, where faults can be.</summary>
/// <param name="IsRoute">Whether it is a route.</param>
/// <param name="Name">Its name.</param>
internal sealed record FaultPlace(bool IsRoute, string Name)
{
    private const string PoolPrefix = "pool:";
    private const string RoutePrefix = "route:";

    /// <summary>How it is told from others in the values of an input.</summary>
    public string Key => (IsRoute ? RoutePrefix : PoolPrefix) + Name;

    public static IEnumerable<FaultPlace> Of(LoadBalancerResource balancer) =>
    [
        .. balancer.Pools.Select(pool => new FaultPlace(false, pool.Name)),
        .. balancer is Layer7LoadBalancerResource layer7 ? layer7.Routes.Keys.Select(route => new FaultPlace(true, route)) : [],
    ];

    /// <exception cref="LoadBalancerCommandException">It is neither.</exception>
    public static FaultPlace Parse(string? key) =>
        key?.StartsWith(PoolPrefix, StringComparison.Ordinal) == true ? new(false, key[PoolPrefix.Length..])
        : key?.StartsWith(RoutePrefix, StringComparison.Ordinal) == true ? new(true, key[RoutePrefix.Length..])
        : throw new LoadBalancerCommandException($"'{key}' is not allowed; must be '{PoolPrefix}' or '{RoutePrefix}' and a name.");

    public Task SetAsync(LoadBalancerClient client, FaultOptions? faults, CancellationToken cancellationToken) =>
        IsRoute ? client.SetRouteFaultsAsync(Name, faults, cancellationToken) : client.SetFaultsAsync(Name, faults, cancellationToken);

    public override string ToString() => $"{(IsRoute ? "route" : "pool")} '{Name}'";
}
