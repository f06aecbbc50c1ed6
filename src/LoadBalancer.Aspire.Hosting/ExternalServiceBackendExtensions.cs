using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <summary>Lets load balancers send to external services.</summary>
public static class ExternalServiceBackendExtensions
{
    /// <summary>
    /// Gets the address of an external service as an endpoint that load balancers send to: one backend, for listeners,
    /// routes, splits, mirrors and pools.
    /// </summary>
    /// <param name="builder">The external service's builder.</param>
    /// <returns>The endpoint, the same each time. It is for load balancers alone.</returns>
    /// <exception cref="ArgumentException">The URL has no host or no port, and its scheme has none by default.</exception>
    /// <remarks>
    /// Of the URL the scheme, host and port count; <c>WithRoute(path, service)</c> also puts its path in front of a request's.
    /// A URL that comes from a parameter is known when the parameter is; until then it is taken to be <c>http</c>, and
    /// nothing is sent.
    /// </remarks>
    /// <example>
    /// <code lang="csharp">
    /// var weather = builder.AddExternalService("weather", "https://api.weather.example");
    /// edge.WithRoute("/{**rest}", catalog, r => r.WithMirror(weather.AsBackend(), percent: 5));
    /// </code>
    /// </example>
    [AspireExport("externalServiceAsBackend", MethodName = "asBackend")]
    public static EndpointReference AsBackend(this IResourceBuilder<ExternalServiceResource> builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return ExternalBackend.Of(builder.Resource).Endpoint;
    }
}
