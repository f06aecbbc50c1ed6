using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The Kubernetes Services of an AppHost's resources, as Aspire's own Kubernetes publisher names and numbers them.</summary>
internal sealed class GatewayServices
{
    // What that publisher gives a project that leaves the port to it.
    private const int DefaultPort = 8080;

    private readonly Dictionary<string, IReadOnlyList<ResolvedEndpoint>> _endpoints = new(StringComparer.OrdinalIgnoreCase);

    public GatewayServices(DistributedApplicationModel model)
    {
        // One for all of them, in their order: what is free for one resource depends on those before it.
        var ports = new PortAllocator();
        foreach (var resource in model.GetComputeResources())
        {
            _endpoints[resource.Name] = resource.ResolveEndpoints(ports);
        }
    }

    public GatewayPool PoolOf(BackendPool pool, GatewayApiOptions options, List<string> notes) =>
        new(pool.Scheme, [.. pool.Members.Select(member => BackendOf(member, options, notes))]);

    private GatewayBackend BackendOf(PoolMember member, GatewayApiOptions options, List<string> notes)
    {
        var (resource, endpoint) = (member.Resource.Name, member.Endpoint.EndpointName);
        var given = options.Services.FirstOrDefault(service => service.Key.Resource.Equals(resource, StringComparison.OrdinalIgnoreCase) && service.Key.Endpoint.Equals(endpoint, StringComparison.OrdinalIgnoreCase)).Value;
        var name = given.Name ?? $"{resource.ToLowerInvariant()}-service";
        if (given.Port is { } port)
        {
            return new(name, port, member.Weight, member.Priority);
        }

        if (!_endpoints.TryGetValue(resource, out var endpoints))
        {
            notes.Add($"'{resource}' is not published as a container; the cluster must have a Service '{name}' with the port of its endpoint '{endpoint}'");
            return new(name, member.Endpoint.EndpointAnnotation.TargetPort ?? member.Endpoint.EndpointAnnotation.Port ?? DefaultPort, member.Weight, member.Priority);
        }

        var resolved = endpoints.First(other => other.Endpoint.Name.Equals(endpoint, StringComparison.OrdinalIgnoreCase));
        if (resolved.TargetPort.IsAllocated)
        {
            notes.Add($"the port {resolved.TargetPort.Value} of the endpoint '{endpoint}' of '{resource}' is one that Aspire chose; give the endpoint a target port to be sure of it");
        }

        return new(name, resolved.ExposedPort.Value ?? resolved.TargetPort.Value ?? DefaultPort, member.Weight, member.Priority);
    }
}
