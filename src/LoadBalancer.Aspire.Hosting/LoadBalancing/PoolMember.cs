using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The replicas of one resource behind one of its endpoints, as a part of a pool.</summary>
internal sealed record PoolMember(EndpointReference Endpoint)
{
    private const string VariablePrefix = "LOADBALANCER_BACKEND_";

    public IResourceWithEndpoints Resource => Endpoint.Resource;

    /// <summary>The resource of the model, whose state is reported.</summary>
    public IResource Reported => Resource is ExternalBackend external ? external.Service : Resource;

    /// <summary>Whether it is one backend, so that what is reported of the resource is true of the replica.</summary>
    public bool IsAlone => Reported.GetReplicaCount() == 1;

    /// <summary>The environment variable in which a replica carries the port that it listens on.</summary>
    public string Variable { get; } = VariableFor(Endpoint.EndpointName);

    public int Weight { get; init; } = 1;

    public int Priority { get; init; }

    public int? MaxConnections { get; init; }

    public bool IsFor(EndpointReference other) =>
        Resource == other.Resource && Endpoint.EndpointName.Equals(other.EndpointName, StringComparison.OrdinalIgnoreCase);

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
