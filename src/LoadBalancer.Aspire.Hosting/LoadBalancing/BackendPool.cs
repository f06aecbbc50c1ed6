using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The replicas of one resource behind one of its endpoints.</summary>
internal sealed class BackendPool(string name, EndpointReference endpoint, Func<EndpointAnnotation, string> schemeOf)
{
    private const string VariablePrefix = "LOADBALANCER_BACKEND_";

    /// <summary>The name in the configuration: the resource's, where no other pool has it.</summary>
    public string Name { get; } = name;

    public EndpointReference Endpoint { get; } = endpoint;

    public IResourceWithEndpoints Resource => Endpoint.Resource;

    /// <summary>The environment variable in which a replica carries the port that it listens on.</summary>
    public string Variable { get; } = VariableFor(endpoint.EndpointName);

    public bool HasName(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    public bool IsFor(EndpointReference other) =>
        Resource == other.Resource && Endpoint.EndpointName.Equals(other.EndpointName, StringComparison.OrdinalIgnoreCase);

    public void AddTo(ConfigurationFile file, IReadOnlyList<Replica> replicas)
    {
        var scheme = schemeOf(Endpoint.EndpointAnnotation);
        var pool = new PoolOptions
        {
            Service = $"{scheme}://{Name}",
            // A replica runs before it listens; this finds out when it does, and when it no longer does.
            HealthCheck = new() { Type = HealthCheckType.Tcp, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Rise = 1, Fall = 2 },
        };
        foreach (var replica in replicas)
        {
            pool.Backends.Add(replica.Id, new() { Address = replica.Address });
        }

        file.LoadBalancer.Pools.Add(Name, pool);
        file.Services.Add(Name, new(StringComparer.OrdinalIgnoreCase)
        {
            [scheme] = [.. replicas.Select(replica => scheme == "https" ? $"https://{replica.Address}" : replica.Address)],
        });
    }

    /// <summary>Makes each replica carry its own port, which only the orchestrator knows.</summary>
    public void MakeVisible()
    {
        if (Resource is IResourceWithEnvironment)
        {
            Resource.Annotations.Add(new EnvironmentCallbackAnnotation(AddPort));
        }
    }

    // In a container the port is the one inside, which says nothing of how to reach it.
    private void AddPort(EnvironmentCallbackContext context)
    {
        if (context.ExecutionContext.IsRunMode && !Resource.IsContainer())
        {
            context.EnvironmentVariables[Variable] = ReferenceExpression.Create($"{Endpoint.Property(EndpointProperty.TargetPort)}");
        }
    }

    private static string VariableFor(string endpoint) =>
        VariablePrefix + string.Concat(endpoint.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}
