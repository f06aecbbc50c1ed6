using System.Net;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The conditions of a route as an HTTPRoute has them.</summary>
internal static partial class RouteMatches
{
    private const int MaxMatches = 64;
    private const int MaxConditions = 16;

    private static readonly HashSet<string> KnownMethods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

    /// <summary>Why a route cannot be written: a condition that is left away would let it take other requests.</summary>
    public static string? ObjectionTo(RouteOptions route, PathMatch? path) =>
        path is null ? $"its path '{route.Path}' has a constraint that cannot be matched"
        : route.Cookies.Count > 0 ? "it asks for cookies, which cannot be matched"
        : route.Methods.FirstOrDefault(method => !KnownMethods.Contains(method.ToUpperInvariant())) is { } method ? $"its method '{method}' cannot be matched"
        : route.Headers.Count > MaxConditions || route.Query.Count > MaxConditions ? $"it has more than {MaxConditions} conditions of a kind"
        : route.Headers.Keys.Concat(route.Query.Keys).FirstOrDefault(name => !Token().IsMatch(name)) is { } name ? $"'{name}' cannot be matched"
        : route.Hosts.FirstOrDefault(host => !Host().IsMatch(NameOf(host)) || IPAddress.TryParse(NameOf(host), out _)) is { } unknown ? $"its host '{unknown}' cannot be matched"
        : null;

    public static List<object> HostsOf(RouteOptions route, string subject, List<string> notes)
    {
        foreach (var host in route.Hosts.Where(host => host.Contains(':', StringComparison.Ordinal)))
        {
            notes.Add($"{subject}: the port of the host '{host}' is not mapped: hosts are matched on every port");
        }

        return [.. route.Hosts.Select(NameOf).Distinct().ToArray<object>()];
    }

    /// <returns>The matches, of which a request must meet one: 1 to 64.</returns>
    public static IReadOnlyList<Dictionary<string, object>> Of(RouteOptions route, PathMatch path, string subject, List<string> notes)
    {
        var count = Math.Max(1, route.Methods.Length) * route.Headers.Values.Concat(route.Query.Values).Aggregate(1L, (product, values) => Math.Min(product * Math.Max(1, values.Length), int.MaxValue));
        var areJoined = count > MaxMatches;
        List<Dictionary<string, object>> matches = [new() { ["path"] = new Dictionary<string, object> { ["type"] = path.Type, ["value"] = path.Value } }];
        matches = Times(matches, "method", [.. route.Methods.Select(method => (object)method.ToUpperInvariant())]);
        matches = Times(matches, "headers", Alternatives(route.Headers, areJoined));
        matches = Times(matches, "queryParams", Alternatives(route.Query, areJoined));
        if (path.Type == PathMatch.Expression || areJoined || route.Headers.Values.Concat(route.Query.Values).Any(values => values.Length == 0))
        {
            notes.Add($"{subject}: a RegularExpression is used, which not every implementation has");
        }

        return matches;
    }

    private static List<Dictionary<string, object>> Times(List<Dictionary<string, object>> matches, string key, List<object> alternatives) =>
        alternatives.Count == 0
            ? matches
            : [.. matches.SelectMany(_ => alternatives, (match, alternative) => new Dictionary<string, object>(match) { [key] = alternative })];

    // Each is a list of conditions that all must be met.
    private static List<object> Alternatives(Dictionary<string, string[]> conditions, bool areJoined)
    {
        if (conditions.Count == 0)
        {
            return [];
        }

        IEnumerable<List<object>> alternatives = [[]];
        foreach (var (name, values) in conditions)
        {
            var choices = values switch
            {
                [] => [Condition(PathMatch.Expression, name, ".*")],
                [_, _, ..] when areJoined => [Condition(PathMatch.Expression, name, $"^(?:{string.Join('|', values.Select(PathMatch.Escape))})$")],
                _ => values.Select(value => Condition(PathMatch.Exact, name, value)).ToArray(),
            };
            alternatives = [.. alternatives.SelectMany(_ => choices, (before, choice) => (List<object>)[.. before, choice])];
        }

        return [.. alternatives];
    }

    private static Dictionary<string, object> Condition(string type, string name, string value) => new() { ["type"] = type, ["name"] = name, ["value"] = value };

    private static string NameOf(string host) => (host.LastIndexOf(':') is > 0 and var colon ? host[..colon] : host).ToLowerInvariant();

    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    [GeneratedRegex(@"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Host();
}
