using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The balancers of an AppHost that is published; where the model had them it has containers, or nothing.</summary>
internal sealed class PublishedBalancers
{
    private readonly List<LoadBalancerResource> _all = [];

    public IReadOnlyList<LoadBalancerResource> All => _all;

    /// <summary>The one of an AppHost that is being built.</summary>
    public static PublishedBalancers Of(IServiceCollection services)
    {
        var known = services.Select(service => service.ImplementationInstance).OfType<PublishedBalancers>().FirstOrDefault();
        if (known is null)
        {
            known = new();
            services.AddSingleton(known);
        }

        return known;
    }

    public void Add(LoadBalancerResource balancer) => _all.Add(balancer);

    /// <summary>The balancer that a resource is, or that its container was made of; null for every other resource.</summary>
    public LoadBalancerResource? Find(IResource resource) => resource as LoadBalancerResource ?? _all.Find(balancer => balancer.Name.Equals(resource.Name, StringComparison.OrdinalIgnoreCase));
}
