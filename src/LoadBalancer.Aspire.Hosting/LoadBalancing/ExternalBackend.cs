using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// An external service in the form that balancers know: a resource with one endpoint. It is not in the model, which has
/// the service itself.
/// </summary>
internal sealed class ExternalBackend : Resource, IResourceWithEndpoints
{
    private const string EndpointName = "url";

    private ExternalBackend(ExternalServiceResource service)
        : base(service.Name)
    {
        Service = service;
        Endpoint = new(this, EndpointName);
        if (service.Uri is { } url)
        {
            Annotations.Add(EndpointFor(url) ?? throw new ArgumentException($"'{service.Name}' has the URL '{url}'; a backend must have a host and a port.", "builder"));
        }
        else
        {
            Annotations.Add(new EndpointAnnotation(ProtocolType.Tcp, uriScheme: "http", name: EndpointName, isProxied: false));
        }
    }

    public ExternalServiceResource Service { get; }

    public EndpointReference Endpoint { get; }

    public static ExternalBackend Of(ExternalServiceResource service)
    {
        if (service.Annotations.OfType<Annotation>().SingleOrDefault() is not { } known)
        {
            known = new(new(service));
            service.Annotations.Add(known);
        }

        return known.Backend;
    }

    /// <summary>Finds out the address, where a parameter has it.</summary>
    /// <returns>Why the service cannot be a backend; null when it can.</returns>
    public async Task<string?> ResolveAsync(CancellationToken cancellationToken)
    {
        if (Service.UrlParameter is not { } parameter || Endpoint.EndpointAnnotation.AllocatedEndpoint is not null)
        {
            return null;
        }

        var text = await parameter.GetValueAsync(cancellationToken);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || EndpointFor(url) is not { } found)
        {
            return $"has a URL in the parameter '{parameter.Name}' that is none of a backend; must be absolute, with host and port";
        }

        var endpoint = Endpoint.EndpointAnnotation;
        endpoint.UriScheme = found.UriScheme;
        endpoint.AllocatedEndpoint = new(endpoint, url.IdnHost, url.Port);
        return null;
    }

    private static EndpointAnnotation? EndpointFor(Uri url)
    {
        if (url.IdnHost.Length == 0 || url.Port <= 0)
        {
            return null;
        }

        var endpoint = new EndpointAnnotation(url.Scheme == "udp" ? ProtocolType.Udp : ProtocolType.Tcp, uriScheme: url.Scheme, name: EndpointName, port: url.Port, isProxied: false);
        endpoint.AllocatedEndpoint = new(endpoint, url.IdnHost, url.Port);
        return endpoint;
    }

    private sealed record Annotation(ExternalBackend Backend) : IResourceAnnotation;
}
