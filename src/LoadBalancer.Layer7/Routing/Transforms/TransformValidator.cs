using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Requests;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>Checks transforms one by one, so that an error names the route, the index and the key, and what is allowed there.</summary>
internal static partial class TransformValidator
{
    // They say where a message ends and what becomes of its connection; a wrong one lets requests be smuggled.
    private static readonly string[] Reserved = ["Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"];

    private static readonly string[] Flags = ["true", "false"];
    private static readonly string[] SameSites = ["Strict", "Lax", "None", CookieRule.Unspecified];
    private static readonly string[] ForwardedParts = ["for", "host", "proto", "by"];

    public static IEnumerable<ConfigurationError> Validate(string name, RouteOptions route, IServiceProvider services)
    {
        for (var i = 0; i < route.Transforms.Length; i++)
        {
            var key = $"LoadBalancer:Layer7:Routes:{name}:Transforms:{i}";
            var errors = Check(key, route.Transforms[i], route).ToList();
            if (errors.Count == 0)
            {
                errors.AddRange(YarpErrors(name, route, i, services).Take(1).Select(message => new ConfigurationError(key, message)));
            }

            foreach (var error in errors)
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<ConfigurationError> Check(string key, Dictionary<string, string> transform, RouteOptions route)
    {
        var shapes = TransformShape.All.Where(shape => transform.Keys.Contains(shape.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        // "Host" and "Prefix" are keys of others; a transform's first key never is.
        if (shapes is not [var shape])
        {
            yield return shapes.Count > 0
                ? new(key, $"has {string.Join(" and ", shapes.Select(one => one.Name))}; each must be an entry of its own")
                : new(key, $"{(transform.Count == 0 ? "is empty" : $"'{string.Join(", ", transform.Keys)}' is no transform")}; must have one of {string.Join(", ", TransformShape.All.Select(one => one.Name))}");
            yield break;
        }

        var isKnown = true;
        foreach (var (given, value) in transform)
        {
            var expected = given.Equals(shape.Name, StringComparison.OrdinalIgnoreCase) ? shape.Value : shape.Keys.FirstOrDefault(one => given.Equals(one.Name, StringComparison.OrdinalIgnoreCase))?.Value;
            if (expected is null)
            {
                isKnown = false;
                yield return new($"{key}:{given}", $"unknown key; {shape.Name} allows {(shape.Keys.Any() ? string.Join(", ", shape.Keys.Select(one => one.Name)) : "none beside it")}");
            }
            else if (Fault(expected.Value, value, route) is { } fault)
            {
                yield return new($"{key}:{given}", value is null ? $"is missing; {fault}" : $"'{value}' {fault}");
            }
        }

        if (isKnown && shape.OneOf.Length > 0 && transform.Keys.Count(given => shape.OneOf.Any(one => given.Equals(one.Name, StringComparison.OrdinalIgnoreCase))) != 1)
        {
            yield return new(key, $"{shape.Name} must have {(shape.OneOf.Length == 1 ? "" : "one of ")}{string.Join(" and ", shape.OneOf.Select(one => one.Name))}");
        }

        if (shape.Name == ResponseCookieFactory.Key && transform.Count == 1)
        {
            yield return new(key, $"{shape.Name} must have one or more of {string.Join(", ", shape.Keys.Select(one => one.Name))}");
        }

        if (shape.Name == ResponseLocationFactory.Key
            && transform.First(pair => pair.Key.Equals(shape.Name, StringComparison.OrdinalIgnoreCase)).Value == ResponseLocationFactory.Off == transform.Count > 1)
        {
            yield return new(key, $"{shape.Name} must be {ResponseLocationFactory.Off}, or the beginning of a URL with {ResponseLocationFactory.SetKey}");
        }
    }

    private static string? Fault(TransformValue expected, string? value, RouteOptions route) => (expected, value) switch
    {
        (TransformValue.Text or TransformValue.Domain or TransformValue.HeaderValue, null) => "must be a text",
        (TransformValue.Text, _) => null,
        (TransformValue.HeaderValue, _) => value!.Any(c => char.IsControl(c) && c != '\t') ? "has a control character, which a header cannot carry" : null,
        (TransformValue.Path, _) => value is null || value.AsSpan().ContainsAny("?#") || value.Any(char.IsControl) ? "is not a path; must be one such as /v2, without '?' and '#'" : null,
        (TransformValue.PathPattern, _) => PatternFault(value, route),
        (TransformValue.RouteParameter, _) => ParametersOf(route.Path) is var known && value is not null && known.Contains(value, StringComparer.OrdinalIgnoreCase) ? null : NoParameter(known),
        (TransformValue.Method, _) => RequestFraming.IsToken(value) ? null : "is not an HTTP method; must be a token such as GET",
        (TransformValue.Flag, _) => OneOf(value, Flags),
        (TransformValue.Header, _) when Reserved.Contains(value, StringComparer.OrdinalIgnoreCase) => "is the balancer's own to set; must be another header",
        (TransformValue.Header or TransformValue.AnyHeader, _) => RequestFraming.IsToken(value) ? null : "is not a header name; must be a token such as X-Version",
        (TransformValue.HeaderList, _) => value?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } names && names.All(one => RequestFraming.IsToken(one)) ? null : "is not a list of header names; must be names with ';' in between",
        (TransformValue.Condition, _) => OneOf(value, Enum.GetNames<ResponseCondition>()),
        (TransformValue.ForwardedAction, _) => Enum.GetNames<ForwardedTransformActions>() is var actions && actions.Contains(value, StringComparer.Ordinal) ? null : $"is not allowed; must be one of {string.Join(", ", actions)}",
        (TransformValue.ForwardedParts, _) => value?.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } parts && parts.All(part => ForwardedParts.Contains(part, StringComparer.OrdinalIgnoreCase)) ? null : $"is not allowed; must be a list of {string.Join(", ", ForwardedParts)}",
        (TransformValue.NodeFormat, _) => OneOf(value, Enum.GetNames<NodeFormat>()),
        (TransformValue.Cookie, _) => RequestFraming.IsToken(value) ? null : "is not a cookie's name; must be a token (RFC 6265 section 4.1.1), or * for all",
        (TransformValue.Domain, _) => DomainPattern().IsMatch(value!) ? null : "is not a domain; must be one such as example.com, or empty for none",
        (TransformValue.CookiePath, _) => value is ['/', ..] && !value.Any(c => c is < ' ' or > '~' or ';') ? null : "is not a cookie's path; must start with '/', in ASCII without ';'",
        (TransformValue.SameSite, _) => OneOf(value, SameSites),
        _ => string.IsNullOrEmpty(value) || value.Any(c => c is <= ' ' or > '~') ? "is not the beginning of a URL; must be one in ASCII, such as http://catalog/ or /old/" : null,
    };

    private static string? OneOf(string? value, string[] allowed) =>
        allowed.Contains(value, StringComparer.OrdinalIgnoreCase) ? null : $"is not allowed; must be one of {string.Join(", ", allowed)}";

    private static string? PatternFault(string? pattern, RouteOptions route)
    {
        try
        {
            var known = ParametersOf(route.Path);
            return RoutePatternFactory.Parse(pattern ?? "").Parameters.FirstOrDefault(parameter => !parameter.IsOptional && parameter.Default is null && !known.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase)) is { } unknown
                ? $"has the parameter '{unknown.Name}': {NoParameter(known)}"
                : string.IsNullOrEmpty(pattern) ? "must be a path template such as /v2/{**rest}" : null;
        }
        catch (RoutePatternException exception)
        {
            return $"is not a path template: {exception.Message}";
        }
    }

    private static string NoParameter(List<string> known) =>
        known.Count == 0 ? "the route's Path has no parameters" : $"must be a parameter of the route's Path: {string.Join(", ", known)}";

    private static List<string> ParametersOf(string? path)
    {
        try
        {
            return [.. RoutePatternFactory.Parse(path ?? RouteValidator.EveryPath).Parameters.Select(parameter => parameter.Name)];
        }
        catch (RoutePatternException)
        {
            // An error of its own.
            return [];
        }
    }

    // What YARP itself finds, at the latest when it makes the transform.
    private static IEnumerable<string> YarpErrors(string name, RouteOptions route, int index, IServiceProvider services)
    {
        var config = PoolProxyConfigProvider.ToRoute(name, route with { RemovePrefix = null, Transforms = [route.Transforms[index]] }, clusterId: "any");
        var builder = services.GetRequiredService<ITransformBuilder>();
        var errors = builder.ValidateRoute(config).Select(error => error.Message).ToList();
        if (errors.Count == 0)
        {
            try
            {
                builder.Build(config, cluster: null);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or NotSupportedException or RoutePatternException)
            {
                errors.Add(exception.Message);
            }
        }

        return errors;
    }

    [GeneratedRegex(@"^(\.?[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DomainPattern();
}
