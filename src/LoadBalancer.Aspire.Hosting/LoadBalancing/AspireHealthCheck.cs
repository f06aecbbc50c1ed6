using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// What Aspire's <c>WithHttpHealthCheck</c> asks of a resource. Aspire asks the resource as a whole; a balancer asks the
/// same of each replica.
/// </summary>
internal static class AspireHealthCheck
{
    private const string Suffix = "_200_check";

    /// <returns>The path that answers with 200; null when the endpoint has no such check, or one that cannot be told.</returns>
    public static string? PathFor(EndpointReference endpoint) =>
        endpoint.Exists && (endpoint.EndpointAnnotation.UriScheme is "http" or "https")
            ? endpoint.Resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => PathIn(check.Key, endpoint)).FirstOrDefault(path => path is not null)
            : null;

    // The name of a check is all that Aspire shows of it: <resource>_<endpoint>_<path>_<status>_check.
    private static string? PathIn(string key, EndpointReference endpoint)
    {
        foreach (var name in NamesOf(endpoint.EndpointName))
        {
            var prefix = $"{endpoint.Resource.Name}_{name}_/";
            if (key.StartsWith(prefix, StringComparison.Ordinal) && key.EndsWith(Suffix, StringComparison.Ordinal) && key.Length >= prefix.Length + Suffix.Length)
            {
                return key[(prefix.Length - 1)..^Suffix.Length];
            }
        }

        return null;
    }

    // The two default endpoints of a project are one application.
    private static string[] NamesOf(string endpoint) => endpoint is "http" or "https" ? ["http", "https"] : [endpoint];
}
