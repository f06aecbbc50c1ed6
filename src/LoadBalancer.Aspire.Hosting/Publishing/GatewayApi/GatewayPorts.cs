using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Where the listeners of a Gateway listen. It has no free ports to choose from, unlike the AppHost's machine.</summary>
internal static class GatewayPorts
{
    private const int FirstOther = 8000;

    /// <returns>The port of each endpoint: its own, or that of its scheme, or one from 8000 on.</returns>
    public static IReadOnlyDictionary<string, int> Of(LoadBalancerResource balancer)
    {
        var endpoints = balancer.Annotations.OfType<EndpointAnnotation>().ToArray();
        var ports = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var endpoint in endpoints.OrderBy(endpoint => endpoint.Port is null))
        {
            var port = endpoint.Port ?? endpoint.UriScheme switch
            {
                "http" => 80,
                "https" => 443,
                _ => FirstOther,
            };
            while (endpoint.Port is null && ports.ContainsValue(port))
            {
                port = Math.Max(port + 1, FirstOther);
            }

            ports.Add(endpoint.Name, port);
        }

        return ports;
    }

    public static IEnumerable<string> NotesOn(LoadBalancerResource balancer)
    {
        var ports = Of(balancer);
        return balancer.Annotations.OfType<EndpointAnnotation>()
            .Where(endpoint => endpoint.Port is null)
            .Select(endpoint => $"listener '{endpoint.Name}' has no port of its own and is given {ports[endpoint.Name]}; a Gateway has no free ports to choose from");
    }
}
