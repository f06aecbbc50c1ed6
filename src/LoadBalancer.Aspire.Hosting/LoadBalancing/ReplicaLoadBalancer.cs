using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// The balancers that <c>WithLoadBalancer</c> puts in front of a resource: at most one of each layer, with a listener
/// for each endpoint of the resource. An annotation of the resource.
/// </summary>
internal sealed class ReplicaLoadBalancer(IResourceBuilder<IResourceWithEndpoints> resource, ReplicaLoadBalancerBuilder options) : IResourceAnnotation
{
    private const string Http2 = "http2";

    private readonly List<(string Endpoint, EndpointReference Listener)> _listeners = [];
    private IResourceBuilder<Layer7LoadBalancerResource>? _requests;
    private IResourceBuilder<Layer4LoadBalancerResource>? _connections;

    /// <summary>The balancers that there are.</summary>
    public IEnumerable<LoadBalancerResource> Balancers => new LoadBalancerResource?[] { _requests?.Resource, _connections?.Resource }.OfType<LoadBalancerResource>();

    /// <summary>Whether references to the resource lead here; not in what is published without the balancers.</summary>
    public bool TakesReferences => options.IsPublished || resource.ApplicationBuilder.ExecutionContext.IsRunMode;

    /// <summary>Adds the balancers that the resource's endpoints need, and their listeners.</summary>
    public void Create()
    {
        var (name, application) = ($"{resource.Resource.Name}-lb", resource.ApplicationBuilder);
        var endpoints = resource.Resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (Array.Exists(endpoints, IsForRequests))
        {
            _requests = application.AddLayer7LoadBalancerWithoutListener(name, options.TakeAdminPort()).WithParentRelationship(resource.Resource);
        }

        if (!Array.TrueForAll(endpoints, IsForRequests))
        {
            _connections = application.AddLayer4LoadBalancer(_requests is null ? name : $"{name}-l4", options.TakeAdminPort()).WithParentRelationship(resource.Resource);
        }

        if (!options.IsPublished)
        {
            _requests?.ExcludeFromManifest();
            _connections?.ExcludeFromManifest();
        }

        foreach (var endpoint in endpoints)
        {
            TryAdd(endpoint);
        }
    }

    /// <summary>Adds listeners for endpoints that the resource got later.</summary>
    /// <returns>Those that need a balancer of a layer that is not there: it is too late for another resource.</returns>
    public IReadOnlyList<EndpointAnnotation> AddLate() =>
        [.. resource.Resource.Annotations.OfType<EndpointAnnotation>().ToArray().Where(endpoint => ListenerOf(endpoint.Name) is null && !TryAdd(endpoint))];

    /// <summary>Where those connect who would connect to an endpoint of the resource; null when that has no balancer.</summary>
    public EndpointReference? ListenerOf(string endpoint) =>
        _listeners.Find(listener => listener.Endpoint.Equals(endpoint, StringComparison.OrdinalIgnoreCase)).Listener;

    /// <summary>Lets listeners in clear text speak what the service does: without TLS nothing tells the version, and gRPC needs HTTP/2.</summary>
    public void TakeProtocols()
    {
        foreach (var (name, listener) in _listeners)
        {
            if (_requests is { } balancer
                && listener.Resource == balancer.Resource
                && balancer.Resource.Listeners[listener.EndpointName] is { Tls: null, Protocols: null } options
                && resource.GetEndpoint(name).EndpointAnnotation.Transport == Http2)
            {
                balancer.Resource.Listeners[listener.EndpointName] = options with { Protocols = HttpListenerProtocols.Http2 };
            }
        }
    }

    /// <summary>Lets the balancer present the certificate that the resource was given, since clients expect that one.</summary>
    public void TakeCertificate()
    {
        // Certificates of resources are experimental in Aspire 13.5; there is no other way to them.
#pragma warning disable ASPIRECERTIFICATES001
        if (_requests is { } balancer
            && resource.Resource.TryGetLastAnnotation<HttpsCertificateAnnotation>(out var given)
            && !balancer.Resource.Annotations.OfType<HttpsCertificateAnnotation>().Any())
        {
            balancer.WithAnnotation(given);
        }
#pragma warning restore ASPIRECERTIFICATES001
    }

    private bool IsForRequests(EndpointAnnotation endpoint) => !options.IsLayer4 && (endpoint.UriScheme is "http" or "https");

    private bool TryAdd(EndpointAnnotation endpoint)
    {
        var listener = endpoint.Name.Equals(LoadBalancerResource.AdminEndpointName, StringComparison.OrdinalIgnoreCase) ? $"{endpoint.Name}-of-{resource.Resource.Name}" : endpoint.Name;
        EndpointReference balancer;
        if (IsForRequests(endpoint))
        {
            if (_requests is null)
            {
                return false;
            }

            Add(_requests, endpoint, listener);
            balancer = _requests.GetEndpoint(listener);
        }
        else
        {
            if (_connections is null)
            {
                return false;
            }

            Add(_connections, endpoint, listener);
            balancer = _connections.GetListener(listener);
        }

        _listeners.Add((endpoint.Name, balancer));
        return true;
    }

    private void Add(IResourceBuilder<Layer7LoadBalancerResource> balancer, EndpointAnnotation endpoint, string listener)
    {
        var backend = resource.GetEndpoint(endpoint.Name);
        if (endpoint.UriScheme == "https")
        {
            balancer.WithHttpsListener(configure: options.HttpsListener, name: listener);
        }
        else
        {
            balancer.WithHttpListener(listener);
        }

        balancer.WithEndpoint(listener, own => own.Transport = endpoint.Transport)
            .WithRoute("/{**path}", backend, route =>
            {
                options.Configure(route);
                // Each endpoint has a route, and they must differ.
                route.WithName(route.Name is not { } chosen ? listener : balancer.Resource.Routes.ContainsKey(chosen) ? $"{chosen}-{listener}" : chosen)
                    .WithListeners(listener);
            });
        WithPool(balancer, backend);
    }

    private void Add(IResourceBuilder<Layer4LoadBalancerResource> balancer, EndpointAnnotation endpoint, string listener)
    {
        var backend = resource.GetEndpoint(endpoint.Name);
        if (endpoint.Protocol == ProtocolType.Udp)
        {
            balancer.WithUdpListener(listener, null, backend, options.Configure);
        }
        else
        {
            balancer.WithTcpListener(listener, null, backend, options.Configure);
        }

        // Whoever reads the address finds the scheme that they know.
        balancer.WithEndpoint(listener, own =>
        {
            own.UriScheme = endpoint.UriScheme;
            own.Transport = endpoint.Transport;
        });
        WithPool(balancer, backend);
    }

    private void WithPool<T>(IResourceBuilder<T> balancer, EndpointReference backend)
        where T : LoadBalancerResource
    {
        if (options.Pool is { } configure)
        {
            balancer.WithPool(backend, configure);
        }
    }
}
