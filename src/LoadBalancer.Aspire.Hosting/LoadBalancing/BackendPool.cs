using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The replicas behind an endpoint, and those of other endpoints that were added to it.</summary>
internal sealed class BackendPool(string name, EndpointReference endpoint, Func<EndpointAnnotation, string> schemeOf)
{
    private readonly List<PoolMember> _members = [new(endpoint)];
    private bool _hasHealthCheck;
    private bool _hasHealthCheckTiming;

    /// <summary>The name in the configuration: the resource's, where no other pool has it.</summary>
    public string Name { get; } = name;

    /// <summary>The endpoint that the pool is named after.</summary>
    public EndpointReference Endpoint { get; } = endpoint;

    /// <summary>Whose replicas it has; the first is the one that it is named after.</summary>
    public IReadOnlyList<PoolMember> Members => _members;

    /// <summary>What suits replicas that come and go.</summary>
    public static PoolOptions Defaults => new()
    {
        // A replica runs before it listens; this finds out when it does, and when it no longer does.
        HealthCheck = new() { Type = HealthCheckType.Tcp, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Rise = 1, Fall = 2 },
        // The list is written by somebody who knows which replicas run.
        KeepLastBackends = false,
    };

    /// <summary>What the user has set, over the defaults.</summary>
    public PoolOptions Options { get; private set; } = Defaults;

    /// <summary>The scheme that is spoken to the backends, once the endpoint exists.</summary>
    public string Scheme => schemeOf(Endpoint.EndpointAnnotation);

    public bool IsConfigured { get; private set; }

    public bool HasName(string? name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    public bool IsFor(EndpointReference other) => _members[0].IsFor(other);

    public void Configure(BackendPoolBuilder builder)
    {
        IsConfigured = true;
        Options = builder.Options;
        _hasHealthCheck = builder.HasHealthCheck;
        _hasHealthCheckTiming = builder.HasHealthCheckTiming;
        _members.Clear();
        _members.Add(builder.Own);
        _members.AddRange(builder.Others);
    }

    /// <summary>How an endpoint differs from the one that the pool is named after; null when it does not, or one of them is not known yet.</summary>
    public string? MismatchOf(EndpointReference other)
    {
        if (!Endpoint.Exists || !other.Exists)
        {
            return null;
        }

        var (expected, actual) = (schemeOf(Endpoint.EndpointAnnotation), schemeOf(other.EndpointAnnotation));
        return expected == actual ? null : $"which has the scheme '{actual}'; must be '{expected}' like the endpoint '{Endpoint.EndpointName}' of '{Endpoint.Resource.Name}'";
    }

    private HealthCheckOptions CheckFor(string scheme)
    {
        var check = Options.HealthCheck;
        if (scheme == "udp")
        {
            // Over UDP nothing tells whether somebody listens.
            return check with { Type = HealthCheckType.None };
        }

        // Layer 4 does not speak TLS, and a replica that expects the PROXY protocol takes nothing else.
        var canAsk = (scheme is "http" or "https" || Endpoint.EndpointAnnotation.UriScheme == "http") && Options.SendProxyProtocol == ProxyProtocolVersion.None;
        if (canAsk && AspireHealthCheck.PathFor(Endpoint) is { } path && _members.TrueForAll(member => AspireHealthCheck.PathFor(member.Endpoint) == path))
        {
            check = check with { Type = HealthCheckType.Http, Path = path };
            return _hasHealthCheckTiming ? check : check with { Interval = TimeSpan.FromSeconds(2) };
        }

        if (!_hasHealthCheckTiming && _members[0].Resource is ExternalBackend)
        {
            // Somebody else's machine: not every second.
            return check with { Interval = TimeSpan.FromSeconds(10), Timeout = TimeSpan.FromSeconds(5) };
        }

        return check;
    }

    public void AddTo(ConfigurationFile file, IReadOnlyList<Replica> replicas)
    {
        var scheme = Scheme;
        var health = _hasHealthCheck ? Options.HealthCheck : CheckFor(scheme);
        var pool = Options with { Service = $"{scheme}://{Name}", HealthCheck = health, Backends = new(StringComparer.OrdinalIgnoreCase) };
        foreach (var replica in replicas)
        {
            pool.Backends.Add(replica.Id, new() { Address = replica.Address, Weight = replica.Weight, Priority = replica.Priority, MaxConnections = replica.MaxConnections });
        }

        file.LoadBalancer.Pools.Add(Name, pool);
        file.Services.Add(Name, new(StringComparer.OrdinalIgnoreCase)
        {
            [scheme] = [.. replicas.Select(replica => scheme == "https" ? $"https://{replica.Address}" : replica.Address)],
        });
    }
}
