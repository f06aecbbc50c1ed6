using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Routing.Patterns;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Checks of routes that need ASP.NET Core's own routing.</summary>
public static partial class RouteValidator
{
    internal const string EveryPath = "/{**path}";

    /// <summary>Checks path templates, and that no two routes want the same requests.</summary>
    /// <param name="options">The options.</param>
    /// <returns>An error for each fault.</returns>
    public static IEnumerable<ConfigurationError> Validate(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, route) in options.Layer7.Routes)
        {
            var key = $"LoadBalancer:Layer7:Routes:{name}";
            if (PatternError(route.Path) is { } error)
            {
                yield return new($"{key}:Path", $"'{route.Path}' is not a path template: {error}");
            }
            else if (!seen.TryAdd(Conditions(route), name))
            {
                yield return new(key, $"has the same conditions and order as route '{seen[Conditions(route)]}'; must differ from it, for example in Order");
            }
        }
    }

    private static string? PatternError(string? path)
    {
        try
        {
            RoutePatternFactory.Parse(path ?? "/");
            return null;
        }
        catch (RoutePatternException exception)
        {
            return exception.Message;
        }
    }

    // The names of parameters do not make two templates differ.
    private static string Conditions(RouteOptions route) => string.Join('\n', [
        ParameterName().Replace(route.Path ?? EveryPath, "{$1"),
        .. route.Hosts.Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Methods.Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Headers.Select(Describe).Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Query.Select(Describe).Order(StringComparer.OrdinalIgnoreCase),
        $"{route.Order}"]);

    private static string Describe(KeyValuePair<string, string[]> condition) =>
        $"{condition.Key}={string.Join('|', condition.Value.Order(StringComparer.Ordinal))}";

    [GeneratedRegex(@"\{(\**)[^:}]*(?=[:}])", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
