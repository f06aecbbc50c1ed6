using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7;
using RouteOptions = LoadBalancer.Configuration.RouteOptions;

namespace LoadBalancer.Server.Configuration;

/// <summary>The configuration as it would have to be for what commands have changed to outlive the process.</summary>
internal static class ConfigurationInForce
{
    public static LoadBalancerOptions Of(LoadBalancerOptions configured, BackendPools pools, Layer7Balancer layer7) => configured with
    {
        Pools = configured.Pools.ToDictionary(
            pair => pair.Key, pair => pools.Find(pair.Key) is { } pool ? Of(pair.Value, pool) : pair.Value, StringComparer.OrdinalIgnoreCase),
        Layer7 = configured.Layer7 with
        {
            Routes = configured.Layer7.Routes.ToDictionary(pair => pair.Key, pair => Of(pair.Key, pair.Value, layer7), StringComparer.OrdinalIgnoreCase),
        },
    };

    private static PoolOptions Of(PoolOptions configured, BackendPool pool)
    {
        var backends = new Dictionary<string, BackendOptions>(configured.Backends, StringComparer.OrdinalIgnoreCase);
        foreach (var backend in pool.Snapshot.Members.Where(backend => !backend.HasLeft))
        {
            var known = backends.GetValueOrDefault(backend.Name);
            if (backend.Weight != (known?.Weight ?? new BackendOptions().Weight))
            {
                // An address is no key: a colon would make two of it.
                backends[known is null ? backend.Name.Replace(':', '-') : backend.Name] = (known ?? new() { Address = backend.Id }) with { Weight = backend.Weight };
            }
        }

        return configured with { Policy = pool.Policy.Kind, Backends = backends };
    }

    private static RouteOptions Of(string name, RouteOptions configured, Layer7Balancer layer7)
    {
        var shares = layer7.FindRoute(name)?.Split.Where(share => !share.Pool.Equals(configured.Pool, StringComparison.OrdinalIgnoreCase)).ToArray() ?? [];
        return shares.Length == 0 && configured.Split is null
            ? configured
            : configured with { Split = (configured.Split ?? new()) with { Pools = shares.ToDictionary(share => share.Pool, share => share.Percent, StringComparer.OrdinalIgnoreCase) } };
    }
}
