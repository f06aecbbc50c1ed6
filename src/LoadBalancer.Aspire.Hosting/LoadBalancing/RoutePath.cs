using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>A route's path template, understood as ASP.NET Core routing understands it.</summary>
internal sealed partial class RoutePath
{
    private readonly RoutePattern _pattern;

    /// <exception cref="ArgumentException">The text is not a path template.</exception>
    public RoutePath(string path, string argument)
    {
        Text = path;
        try
        {
            _pattern = RoutePatternFactory.Parse(path);
        }
        catch (RoutePatternException e)
        {
            throw new ArgumentException($"'{path}' is not a path template: {e.Message}", argument, e);
        }
    }

    public string Text { get; }

    /// <summary>The template without the names of its parameters, which do not matter to what it matches.</summary>
    public string Shape => ParameterName().Replace(Text, "$1").ToLowerInvariant();

    /// <summary>The literal part in front of a catch-all, such as <c>/auth</c> of <c>/auth/{**rest}</c>; null where there is none.</summary>
    public string? PrefixOfCatchAll
    {
        get
        {
            var segments = _pattern.PathSegments;
            if (segments.Count < 2 || !IsCatchAll(segments[^1]))
            {
                return null;
            }

            var literals = segments.SkipLast(1).Select(LiteralOf).ToArray();
            return Array.Exists(literals, literal => literal is null) ? null : $"/{string.Join('/', literals)}";
        }
    }

    /// <summary>A name for a route that has none: the words of its path.</summary>
    public string Words
    {
        get
        {
            var words = _pattern.PathSegments.Where(segment => !IsCatchAll(segment)).SelectMany(segment => segment.Parts).Select(WordOf);
            var name = NotInName().Replace(string.Join('-', words), "-").Trim('-').ToLowerInvariant();
            return (name.Length, _pattern.PathSegments.Count) switch
            {
                (0, 0) => "root",
                (0, _) => "default",
                _ => name,
            };
        }
    }

    private static string? LiteralOf(RoutePatternPathSegment segment) =>
        segment is { IsSimple: true } && segment.Parts[0] is RoutePatternLiteralPart literal ? literal.Content : null;

    private static bool IsCatchAll(RoutePatternPathSegment segment) =>
        segment is { IsSimple: true } && segment.Parts[0] is RoutePatternParameterPart { IsCatchAll: true };

    private static string WordOf(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternParameterPart parameter => parameter.Name,
        _ => "",
    };

    [GeneratedRegex(@"(?<!\{)(\{\*{0,2})[^{}:?=]+", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();

    [GeneratedRegex("[^A-Za-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex NotInName();
}
