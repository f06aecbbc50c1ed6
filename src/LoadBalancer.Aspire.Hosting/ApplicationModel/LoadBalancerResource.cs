using System.Net.Sockets;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A load balancer: a process of its own that spreads work over the replicas of the resources it is given.
/// It does not wait for them; what it sends to follows the replicas that run.
/// </summary>
[AspireExport]
public abstract class LoadBalancerResource : ExecutableResource, IResourceWithServiceDiscovery
{
    /// <summary>Name of the endpoint, on loopback, that answers <c>/healthz</c>, <c>/stats</c> and commands.</summary>
    public const string AdminEndpointName = "admin";

    private readonly List<BackendPool> _pools = [];

    private protected LoadBalancerResource(string name)
        : base(name, "dotnet", ServerFiles.Directory)
    {
        AdminEndpoint = new(this, AdminEndpointName);
    }

    /// <summary>The endpoint, on loopback, that answers <c>/healthz</c>, <c>/stats</c> and commands.</summary>
    public EndpointReference AdminEndpoint { get; }

    /// <summary>The bearer token that commands to <see cref="AdminEndpoint"/> need: a secret, by default one generated for each run. Null where the resource is of no AppHost.</summary>
    public ParameterResource? AdminTokenParameter { get; internal set; }

    internal IReadOnlyList<BackendPool> Pools => _pools;

    internal TimeSpan DrainTimeout { get; set; } = new LoadBalancerOptions().DrainTimeout;

    /// <summary>Whether it answers with metrics in Prometheus' format.</summary>
    internal bool HasPrometheusMetrics { get; set; }

    /// <summary>Where the process finds its configuration; null until the AppHost starts.</summary>
    internal string? ConfigurationPath { get; set; }

    /// <summary>How it is published as resources of the Kubernetes Gateway API; null where it is published as a container.</summary>
    internal GatewayApiOptions? GatewayApi { get; set; }

    /// <summary>What the process is to do, with the given replicas behind its pools.</summary>
    internal ConfigurationFile Describe(Func<BackendPool, IReadOnlyList<Replica>> replicasOf)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Name = Name;
        file.LoadBalancer.DrainTimeout = DrainTimeout;
        foreach (var pool in _pools)
        {
            pool.AddTo(file, replicasOf(pool));
        }

        Describe(file.LoadBalancer);
        return file;
    }

    /// <summary>What the process is to do, without what only the endpoints can tell.</summary>
    internal LoadBalancerOptions Outline()
    {
        var options = new LoadBalancerOptions { Name = Name, DrainTimeout = DrainTimeout };
        foreach (var pool in _pools)
        {
            options.Pools.Add(pool.Name, pool.Options);
        }

        Describe(options);
        return options;
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

    /// <exception cref="ArgumentException">The endpoint cannot be a backend of this balancer, or not over the protocol.</exception>
    internal void ThrowIfUnusable(EndpointReference backend, ProtocolType? protocol, string argument)
    {
        if (ObjectionTo(backend, protocol) is { } objection)
        {
            throw new ArgumentException($"{objection}.", argument);
        }
    }

    /// <exception cref="ArgumentException">This balancer can do nothing with some of the options.</exception>
    internal void ThrowIfUnusable(PoolOptions pool, string argument)
    {
        if (ObjectionTo(pool) is { } objection)
        {
            throw new ArgumentException($"{objection}.", argument);
        }
    }

    /// <exception cref="DistributedApplicationException">
    /// An endpoint does not exist, now that the model is complete, or is of the wrong kind, or a pool is for nobody, or
    /// something is missing that others need.
    /// </exception>
    internal void ThrowIfUnusable()
    {
        var objection = _pools.SelectMany(ObjectionsTo).Concat(Contract.ErrorsOf(this, complete: true).Select(error => $"'{Name}': {error}")).FirstOrDefault();
        if (objection is not null)
        {
            throw new DistributedApplicationException($"Load balancer {objection}.");
        }
    }

    /// <summary>Says what is wrong with an endpoint.</summary>
    internal string ObjectionAgainst(EndpointReference backend, string objection) =>
        $"'{Name}' cannot send to the endpoint '{backend.EndpointName}' of '{backend.Resource.Name}', {objection}";

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

    /// <summary>What an endpoint is that it should not be; null when it can be a backend over the protocol, where that is known.</summary>
    private protected abstract string? ObjectionTo(EndpointAnnotation endpoint, ProtocolType? protocol);

    /// <summary>What of a pool's options this balancer can do nothing with; null when there is no such thing.</summary>
    private protected abstract string? ObjectionTo(PoolOptions pool);

    /// <summary>The protocols over which listeners and routes lead to a pool.</summary>
    private protected abstract IEnumerable<ProtocolType> ProtocolsOf(BackendPool pool);

    private string? ObjectionTo(EndpointReference backend, ProtocolType? protocol)
    {
        if (backend.Resource == this)
        {
            return $"'{Name}' cannot send to itself";
        }

        return backend.Exists && ObjectionTo(backend.EndpointAnnotation, protocol) is { } objection ? ObjectionAgainst(backend, objection) : null;
    }

    private IEnumerable<string> ObjectionsTo(BackendPool pool)
    {
        var protocols = ProtocolsOf(pool).Distinct().ToArray();
        if (protocols.Length == 0)
        {
            yield return $"'{Name}' has options for the pool of the endpoint '{pool.Endpoint.EndpointName}' of '{pool.Endpoint.Resource.Name}', to which none of its listeners and routes leads";
        }

        foreach (var backend in pool.Members.Select(member => member.Endpoint))
        {
            if (!backend.Exists)
            {
                yield return $"'{Name}' sends to the endpoint '{backend.EndpointName}' of '{backend.Resource.Name}', which has {EndpointNames.Of(backend.Resource)}";
            }

            foreach (var objection in protocols.Select(protocol => ObjectionTo(backend, protocol)).OfType<string>())
            {
                yield return objection;
            }

            if (pool.MismatchOf(backend) is { } mismatch)
            {
                yield return ObjectionAgainst(backend, mismatch);
            }
        }
    }

    private string FreeName(EndpointReference endpoint)
    {
        var name = endpoint.Resource.Name;
        for (var suffix = $"-{endpoint.EndpointName}"; _pools.Exists(pool => pool.HasName(name)); name += suffix)
        {
        }

        return name;
    }
}
