using LoadBalancer.Discovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LoadBalancer;

/// <summary>Registers the domain.</summary>
public static class LoadBalancerServiceCollectionExtensions
{
    /// <summary>Adds <see cref="BackendPools"/> and service discovery (configuration, then pass-through).</summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddLoadBalancer(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddServiceDiscovery();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<BackendPools>();
        return services;
    }
}
