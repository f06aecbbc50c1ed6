using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>A route's path template as an HTTPRoute can match it.</summary>
/// <param name="Type">Exact, PathPrefix or RegularExpression.</param>
/// <param name="Value">The path, or what it must be like.</param>
internal sealed record PathMatch(string Type, string Value)
{
    public const string Exact = "Exact";
    public const string Prefix = "PathPrefix";
    public const string Expression = "RegularExpression";

    private const string Characters = @"\.+*?()|[]{}^$";
    private const string Segment = "[^/]+";

    private static readonly Dictionary<string, string> Constraints = new(StringComparer.OrdinalIgnoreCase)
    {
        ["int"] = "-?[0-9]+",
        ["long"] = "-?[0-9]+",
        ["guid"] = "[0-9a-fA-F-]{36}",
        ["alpha"] = "[A-Za-z]+",
        ["bool"] = "(?:[Tt]rue|[Ff]alse)",
    };

    /// <returns>The match, or null where a constraint has no expression here, without which it would match more.</returns>
    public static PathMatch? Of(string? template)
    {
        var pattern = RoutePatternFactory.Parse(template ?? "/{**path}");
        var segments = pattern.PathSegments;
        var literals = segments.TakeWhile(segment => LiteralOf(segment) is not null).Select(segment => LiteralOf(segment)!).ToArray();
        var path = new PathString($"/{string.Join('/', literals)}").ToUriComponent();
        if (literals.Length == segments.Count)
        {
            return new(Exact, path);
        }

        if (literals.Length == segments.Count - 1 && IsPlainCatchAll(segments[^1]))
        {
            return new(Prefix, path);
        }

        var expression = new StringBuilder("^");
        foreach (var segment in segments)
        {
            if (!Append(expression, segment))
            {
                return null;
            }
        }

        return new(Expression, expression.Append("/?$").ToString());
    }

    /// <summary>An expression that matches the text alone.</summary>
    public static string Escape(string text) => string.Concat(text.Select(c => Characters.Contains(c, StringComparison.Ordinal) ? $"\\{c}" : c.ToString(CultureInfo.InvariantCulture)));

    private static bool Append(StringBuilder expression, RoutePatternPathSegment segment)
    {
        if (segment.IsSimple && segment.Parts[0] is RoutePatternParameterPart { IsCatchAll: true } all)
        {
            expression.Append("(?:/.*)?");
            return all.ParameterPolicies.Count == 0;
        }

        var text = new StringBuilder("/");
        var isOptional = false;
        foreach (var part in segment.Parts)
        {
            switch (part)
            {
                case RoutePatternParameterPart parameter:
                    if (ExpressionOf(parameter) is not { } value)
                    {
                        return false;
                    }

                    isOptional |= segment.IsSimple && (parameter.IsOptional || parameter.Default is not null);
                    text.Append(value);
                    break;
                case RoutePatternSeparatorPart separator:
                    text.Append(Escape(separator.Content));
                    break;
                case RoutePatternLiteralPart literal:
                    text.Append(Escape(literal.Content));
                    break;
            }
        }

        expression.Append(isOptional ? $"(?:{text})?" : text.ToString());
        return true;
    }

    private static string? ExpressionOf(RoutePatternParameterPart parameter) => parameter.ParameterPolicies switch
    {
        [] => Segment,
        [{ Content: { } constraint }] => Constraints.GetValueOrDefault(constraint),
        _ => null,
    };

    private static string? LiteralOf(RoutePatternPathSegment segment) =>
        segment is { IsSimple: true } && segment.Parts[0] is RoutePatternLiteralPart literal ? literal.Content : null;

    private static bool IsPlainCatchAll(RoutePatternPathSegment segment) =>
        segment is { IsSimple: true } && segment.Parts[0] is RoutePatternParameterPart { IsCatchAll: true, ParameterPolicies.Count: 0 };
}
