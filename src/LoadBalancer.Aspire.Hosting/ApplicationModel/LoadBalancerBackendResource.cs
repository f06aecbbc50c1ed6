using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A place behind a load balancer, held by one replica of a resource: what the balancer knows of it is shown as a row
/// below the balancer. There are as many as the resource has replicas; made when the AppHost starts.
/// </summary>
[AspireExport]
public sealed class LoadBalancerBackendResource : Resource, IResourceWithParent<LoadBalancerResource>
{
    internal LoadBalancerBackendResource(string name, LoadBalancerResource parent, BackendPool pool, PoolMember member)
        : base(name)
    {
        Parent = parent;
        Pool = pool.Name;
        Member = member;
    }

    /// <summary>The load balancer.</summary>
    public LoadBalancerResource Parent { get; }

    /// <summary>Name of the pool that it belongs to.</summary>
    public string Pool { get; }

    internal PoolMember Member { get; }

    /// <summary>The replica that holds this place, by its resource id, or held it last; null before the first.</summary>
    internal string? Replica { get; set; }
}
