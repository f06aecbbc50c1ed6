using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The address of an endpoint whose balancer is published as a Gateway: its host is known to who deploys.</summary>
internal sealed class GatewayAddress
{
    private readonly EndpointReference _endpoint;
    private readonly ParameterResource _host;

    private GatewayAddress(EndpointReference endpoint, ParameterResource host)
    {
        _endpoint = endpoint;
        _host = host;
    }

    private string Scheme => _endpoint.EndpointAnnotation.UriScheme;

    private string Port => GatewayPorts.Of((LoadBalancerResource)_endpoint.Resource)[_endpoint.EndpointName].ToString(CultureInfo.InvariantCulture);

    public static GatewayAddress? Of(EndpointReference endpoint) =>
        endpoint.Resource is LoadBalancerResource { GatewayApi.Host: { } host } ? new(endpoint, host) : null;

    public ReferenceExpression Property(EndpointProperty property) => property switch
    {
        EndpointProperty.Url => ReferenceExpression.Create($"{Scheme}://{_host}:{Port}"),
        EndpointProperty.HostAndPort => ReferenceExpression.Create($"{_host}:{Port}"),
        EndpointProperty.Host or EndpointProperty.IPV4Host => ReferenceExpression.Create($"{_host}"),
        EndpointProperty.Scheme => ReferenceExpression.Create($"{Scheme}"),
        EndpointProperty.Port or EndpointProperty.TargetPort => ReferenceExpression.Create($"{Port}"),
        _ => throw new DistributedApplicationException($"'{_endpoint.Resource.Name}' is published as a Gateway, of which '{property}' is not known; must be Url, Host, Port, HostAndPort or Scheme."),
    };
}
