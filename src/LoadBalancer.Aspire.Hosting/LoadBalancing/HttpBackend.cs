using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Chooses the endpoint of a resource that gets HTTP requests.</summary>
internal static class HttpBackend
{
    /// <returns>The endpoint <c>http</c> or, where there is none, the only one over HTTP or HTTPS.</returns>
    /// <exception cref="ArgumentException">There is neither.</exception>
    public static EndpointReference Of(IResourceBuilder<IResourceWithEndpoints> backend, string argument)
    {
        ArgumentNullException.ThrowIfNull(backend, argument);
        var resource = backend.Resource;
        var candidates = resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.UriScheme is "http" or "https").ToArray();
        var chosen = Array.Find(candidates, endpoint => endpoint.Name == "http") ?? (candidates is [var only] ? only : null);
        return chosen is not null
            ? new(resource, chosen.Name)
            : throw new ArgumentException(
                $"'{resource.Name}' has {EndpointNames.Of(resource)}; it must have an endpoint 'http', or exactly one over HTTP or HTTPS. Pass the endpoint that is meant, such as {resource.Name}.GetEndpoint(\"api\").",
                argument);
    }

    /// <summary>The endpoint that is meant where another language passes a resource or an endpoint.</summary>
    /// <exception cref="ArgumentException">It is neither, or a resource without such an endpoint.</exception>
    public static EndpointReference Of(object backend, string argument)
    {
        ArgumentNullException.ThrowIfNull(backend, argument);
        return backend switch
        {
            EndpointReference endpoint => endpoint,
            IResourceBuilder<IResourceWithEndpoints> resource => Of(resource, argument),
            _ => throw new ArgumentException($"A {backend.GetType().Name} cannot be a backend; must be a resource with endpoints, or an endpoint.", argument),
        };
    }
}
