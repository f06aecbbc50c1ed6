using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A load balancer: a process of its own that spreads work over the replicas of the resources it is given.
/// It does not wait for them; what it sends to follows the replicas that run.
/// </summary>
public abstract class LoadBalancerResource : ExecutableResource, IResourceWithServiceDiscovery
{
    /// <summary>Name of the endpoint, on loopback, that answers <c>/healthz</c> and <c>/stats</c>.</summary>
    public const string AdminEndpointName = "admin";

    private readonly List<BackendPool> _pools = [];

    private protected LoadBalancerResource(string name)
        : base(name, "dotnet", ServerFiles.Directory)
    {
        AdminEndpoint = new(this, AdminEndpointName);
    }

    /// <summary>The endpoint, on loopback, that answers <c>/healthz</c> and <c>/stats</c>.</summary>
    public EndpointReference AdminEndpoint { get; }

    internal IReadOnlyList<BackendPool> Pools => _pools;

    /// <summary>Where the process finds its configuration; null until the AppHost starts.</summary>
    internal string? ConfigurationPath { get; set; }

    /// <summary>What the process is to do, with the given replicas behind its pools.</summary>
    internal ConfigurationFile Describe(Func<BackendPool, IReadOnlyList<Replica>> replicasOf)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Name = Name;
        foreach (var pool in _pools)
        {
            pool.AddTo(file, replicasOf(pool));
        }

        Describe(file.LoadBalancer);
        return file;
    }

    /// <summary>The pool of an endpoint: the one there is, or a new one that is named after the resource.</summary>
    internal BackendPool PoolOf(EndpointReference endpoint)
    {
        var known = _pools.Find(pool => pool.IsFor(endpoint));
        if (known is null)
        {
            known = new(FreeName(endpoint), endpoint, SchemeFor);
            _pools.Add(known);
        }

        return known;
    }

    /// <summary>Why an endpoint cannot be a backend of this balancer; null when it can.</summary>
    internal string? ObjectionTo(EndpointReference backend)
    {
        if (backend.Resource == this)
        {
            return $"'{Name}' cannot send to itself";
        }

        return backend.Exists && ObjectionTo(backend.EndpointAnnotation) is { } objection
            ? $"'{Name}' cannot send to the endpoint '{backend.EndpointName}' of '{backend.Resource.Name}', {objection}"
            : null;
    }

    /// <exception cref="DistributedApplicationException">An endpoint does not exist, now that the model is complete, or is of the wrong kind.</exception>
    internal void ThrowIfBackendsAreUnusable()
    {
        foreach (var backend in _pools.Select(pool => pool.Endpoint))
        {
            var objection = backend.Exists
                ? ObjectionTo(backend)
                : $"'{Name}' sends to the endpoint '{backend.EndpointName}' of '{backend.Resource.Name}', which has {EndpointNames.Of(backend.Resource)}";
            if (objection is not null)
            {
                throw new DistributedApplicationException($"Load balancer {objection}.");
            }
        }
    }

    /// <summary>Lets the orchestrator choose every port, as it does for other endpoints when ports are to be random.</summary>
    internal void ForgetPorts()
    {
        foreach (var endpoint in Annotations.OfType<EndpointAnnotation>())
        {
            endpoint.Port = null;
            endpoint.TargetPort = null;
        }
    }

    private protected abstract void Describe(LoadBalancerOptions options);

    /// <summary>The scheme that the process speaks to a backend's endpoint.</summary>
    private protected abstract string SchemeFor(EndpointAnnotation endpoint);

    /// <summary>What an endpoint is that it should not be; null when it can be a backend.</summary>
    private protected abstract string? ObjectionTo(EndpointAnnotation endpoint);

    private string FreeName(EndpointReference endpoint)
    {
        var name = endpoint.Resource.Name;
        for (var suffix = $"-{endpoint.EndpointName}"; _pools.Exists(pool => pool.HasName(name)); name += suffix)
        {
        }

        return name;
    }
}
