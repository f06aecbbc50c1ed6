using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Says that references to an endpoint of the resource are given that of its load balancer.</summary>
internal sealed class LoadBalancedEndpointAnnotation(string endpointName, EndpointReference balancer) : IResourceAnnotation
{
    public string EndpointName => endpointName;

    public EndpointReference Balancer => balancer;
}
