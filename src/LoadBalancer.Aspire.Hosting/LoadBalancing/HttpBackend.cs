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
}
