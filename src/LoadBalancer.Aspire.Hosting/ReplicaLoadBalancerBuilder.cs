using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures the load balancer that <see cref="ReplicaLoadBalancerExtensions.WithLoadBalancer{T}"/> puts in front of a resource's replicas.</summary>
[AspireExport(ExposeMethods = true)]
public sealed class ReplicaLoadBalancerBuilder
{
    private int? _adminPort;

    internal ReplicaLoadBalancerBuilder()
    {
    }

    internal bool IsLayer4 { get; private set; }

    internal SelectionPolicy? Policy { get; private set; }

    internal bool HasAffinity { get; private set; }

    internal bool IsPublished { get; private set; } = true;

    internal Action<BackendPoolBuilder>? Pool { get; private set; }

    internal Action<Layer7RouteBuilder>? Route { get; private set; }

    internal Action<Layer7HttpsListenerBuilder>? HttpsListener { get; private set; }

    /// <summary>
    /// Balances connections, not requests, on HTTP endpoints too; TLS is left to the replicas.
    /// Default: requests (Layer 7) on endpoints of the schemes <c>http</c> and <c>https</c>.
    /// </summary>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithLayer4()
    {
        IsLayer4 = true;
        return this;
    }

    /// <summary>Sets how a replica is picked. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    public ReplicaLoadBalancerBuilder WithPolicy(SelectionPolicy policy)
    {
        LoadBalancing.Contract.CheckDefined(policy, nameof(policy));
        Policy = policy;
        return this;
    }

    /// <summary>
    /// Keeps a client on its replica, as SignalR and Blazor Server need it: by a cookie on Layer 7, by the client's
    /// address on Layer 4. Default: no affinity.
    /// </summary>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithAffinity()
    {
        HasAffinity = true;
        return this;
    }

    /// <summary>Sets options of the pool: health checks, limits and more.</summary>
    /// <param name="configure">Changes the pool's defaults.</param>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithPool(Action<BackendPoolBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Pool += configure;
        return this;
    }

    /// <summary>Sets what Layer 7 does with requests: time-outs, retries, limits and more.</summary>
    /// <param name="configure">Changes the defaults of the route that each HTTP endpoint has.</param>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithRoute(Action<Layer7RouteBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Route += configure;
        return this;
    }

    /// <summary>
    /// Sets what clients of endpoints of the scheme <c>https</c> meet: certificates, versions of TLS and more. Default:
    /// the certificate that Aspire gives the resource, else the ASP.NET Core developer certificate, else a self-signed one.
    /// </summary>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithHttpsListener(Action<Layer7HttpsListenerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        HttpsListener += configure;
        return this;
    }

    /// <summary>
    /// Leaves the load balancer out of what is published: who references the resource is given the resource's own
    /// address there, and the platform balances. Default: it is published as a container, and references lead to it.
    /// </summary>
    /// <returns>This builder.</returns>
    public ReplicaLoadBalancerBuilder WithoutPublishing()
    {
        IsPublished = false;
        return this;
    }

    /// <summary>Sets the port of the first balancer's admin endpoint. Default: a free one.</summary>
    /// <param name="port">A port on loopback, 1 to 65535.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    public ReplicaLoadBalancerBuilder WithAdminPort(int port)
    {
        LoadBalancing.Contract.CheckPort(port, nameof(port));
        _adminPort = port;
        return this;
    }

    /// <summary>The port for the first balancer that asks.</summary>
    internal int? TakeAdminPort()
    {
        var port = _adminPort;
        _adminPort = null;
        return port;
    }

    internal void Configure(Layer7RouteBuilder route)
    {
        if (Policy is { } policy)
        {
            route.WithPolicy(policy);
        }

        if (HasAffinity)
        {
            route.WithSessionAffinity();
        }

        Route?.Invoke(route);
    }

    internal void Configure<T>(Layer4ListenerBuilder<T> listener)
        where T : Layer4ListenerBuilder<T>
    {
        if (Policy is { } policy)
        {
            listener.WithPolicy(policy);
        }

        if (HasAffinity)
        {
            listener.WithSourceAffinity();
        }
    }
}
