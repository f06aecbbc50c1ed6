using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Compares what routes ask of a request, apart from its path.</summary>
internal static class RouteConditions
{
    public static bool AreSame(RouteOptions left, RouteOptions right) =>
        (left.Order ?? 0) == (right.Order ?? 0)
        && SameSet(left.Hosts, right.Hosts)
        && SameSet(left.Methods, right.Methods)
        && SameSet(left.Listeners, right.Listeners)
        && SameMap(left.Headers, right.Headers)
        && SameMap(left.Query, right.Query)
        && SameMap(left.Cookies, right.Cookies);

    private static bool SameSet(string[] left, string[] right) => left.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(right);

    private static bool SameMap(Dictionary<string, string[]> left, Dictionary<string, string[]> right) =>
        left.Count == right.Count
        && left.All(condition => right.TryGetValue(condition.Key, out var values) && condition.Value.ToHashSet(StringComparer.Ordinal).SetEquals(values));
}
