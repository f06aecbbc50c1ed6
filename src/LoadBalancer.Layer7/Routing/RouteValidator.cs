using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing.Transforms;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Checks of routes that need ASP.NET Core's own routing.</summary>
public static partial class RouteValidator
{
    internal const string EveryPath = "/{**path}";

    private static readonly ServiceProvider Services = BuildServices();

    /// <summary>Checks path templates and transforms, and that no two routes want the same requests.</summary>
    /// <param name="options">The options.</param>
    /// <returns>An error for each fault.</returns>
    public static IEnumerable<ConfigurationError> Validate(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, route) in options.Layer7.Routes)
        {
            foreach (var fault in TransformValidator.Validate(name, route, Services))
            {
                yield return fault;
            }

            var key = $"LoadBalancer:Layer7:Routes:{name}";
            if (PatternError(route.Path) is { } error)
            {
                yield return new($"{key}:Path", $"'{route.Path}' is not a path template: {error}");
            }
            else if (YarpErrors(name, route) is [var first, ..])
            {
                yield return new(key, first);
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
            var constraints = Services.GetRequiredService<IInlineConstraintResolver>();
            return RoutePatternFactory.Parse(path ?? "/").ParameterPolicies
                .SelectMany(parameter => parameter.Value)
                .Where(policy => policy.Content is { } constraint && constraints.ResolveConstraint(constraint) is null)
                .Select(policy => $"there is no constraint '{policy.Content}'")
                .FirstOrDefault();
        }
        // A constraint's arguments are read by the constraint itself.
        catch (Exception exception) when (exception is RoutePatternException or RouteCreationException)
        {
            return exception.Message;
        }
    }

    private static string[] YarpErrors(string name, Configuration.RouteOptions route)
    {
        // Transforms are checked one by one.
        var errors = Services.GetRequiredService<IConfigValidator>()
            .ValidateRouteAsync(PoolProxyConfigProvider.ToRoute(name, route, clusterId: "any") with { Transforms = null }).AsTask();
        return [.. errors.GetAwaiter().GetResult().Select(error => error.Message)];
    }

    private static ServiceProvider BuildServices()
    {
        var services = new ServiceCollection().AddLogging().AddRouting();
        services.AddReverseProxy().AddRouteFeatures();
        return services.BuildServiceProvider();
    }

    // The names of parameters do not make two templates differ.
    private static string Conditions(Configuration.RouteOptions route) => string.Join('\n', [
        ParameterName().Replace(route.Path ?? EveryPath, "{$1"),
        .. route.Hosts.Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Methods.Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Headers.Select(Describe).Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Query.Select(Describe).Order(StringComparer.OrdinalIgnoreCase),
        "-", .. route.Cookies.Select(Describe).Order(StringComparer.Ordinal),
        "-", .. route.Listeners.Order(StringComparer.OrdinalIgnoreCase),
        $"{route.Order}"]);

    private static string Describe(KeyValuePair<string, string[]> condition) =>
        $"{condition.Key}={string.Join('|', condition.Value.Order(StringComparer.Ordinal))}";

    [GeneratedRegex(@"\{(\**)[^:}]*(?=[:}])", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
