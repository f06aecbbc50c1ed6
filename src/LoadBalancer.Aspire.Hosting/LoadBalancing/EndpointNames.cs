using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>What endpoints a resource has, for messages.</summary>
internal static class EndpointNames
{
    public static string Of(IResourceWithEndpoints resource)
    {
        var names = resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => $"'{endpoint.Name}'").ToArray();
        return names.Length == 0 ? "no endpoint" : $"only {string.Join(", ", names)}";
    }
}
