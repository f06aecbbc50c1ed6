using Microsoft.AspNetCore.Routing.Patterns;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// What a route's changes make of the paths that it matches: of a prefix with anything behind, or of one path. Null
/// where that cannot be said of all of them at once.
/// </summary>
internal sealed class PathRewrite
{
    private readonly string? _template;
    private readonly PathMatch _match;
    private string? _path;
    private bool _hasRest;

    public PathRewrite(string? template, PathMatch match)
    {
        _template = template;
        _match = match;
        _path = match.Type == PathMatch.Expression ? null : match.Value.TrimEnd('/');
        _hasRest = match.Type != PathMatch.Exact;
    }

    /// <returns>Whether the change can be made here.</returns>
    public bool TryRemovePrefix(string prefix)
    {
        if (_path is null)
        {
            return false;
        }

        if (StartsWith(_path, prefix))
        {
            _path = _path[prefix.TrimEnd('/').Length..];
            return true;
        }

        // Longer than what is known of the paths: some have it and some have not.
        return !_hasRest || !StartsWith(prefix, _path);
    }

    /// <returns>Whether the change can be made here.</returns>
    public bool TryAddPrefix(string prefix)
    {
        if (_path is null)
        {
            return false;
        }

        _path = prefix.TrimEnd('/') + _path;
        return true;
    }

    public void Set(string path) => (_path, _hasRest) = (path.TrimEnd('/'), false);

    /// <returns>Whether the change can be made here.</returns>
    public bool TryPattern(string pattern)
    {
        var target = PathMatch.Of(pattern);
        if (target is { Type: PathMatch.Exact })
        {
            Set(target.Value);
            return true;
        }

        // The rest must be the same rest.
        if (target is not { Type: PathMatch.Prefix } || _match.Type != PathMatch.Prefix || RestOf(pattern) != RestOf(_template ?? "/{**path}"))
        {
            return false;
        }

        (_path, _hasRest) = (target.Value.TrimEnd('/'), true);
        return true;
    }

    /// <summary>The <c>path</c> of a URLRewrite filter; null where paths stay as they are.</summary>
    public Dictionary<string, object>? ToFilter()
    {
        var before = _match.Value.TrimEnd('/');
        if (_path is null || (_match.Type != PathMatch.Expression && _path == before && _hasRest == (_match.Type == PathMatch.Prefix)))
        {
            return null;
        }

        var path = _path.Length > 0 ? _path : "/";
        return _hasRest
            ? new() { ["type"] = "ReplacePrefixMatch", ["replacePrefixMatch"] = path }
            : new() { ["type"] = "ReplaceFullPath", ["replaceFullPath"] = path };
    }

    private static bool StartsWith(string path, string prefix)
    {
        prefix = prefix.TrimEnd('/');
        return path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (path.Length == prefix.Length || path[prefix.Length] == '/');
    }

    private static string? RestOf(string template) =>
        RoutePatternFactory.Parse(template).PathSegments is [.., { IsSimple: true } last] && last.Parts[0] is RoutePatternParameterPart { IsCatchAll: true } rest
            ? rest.Name.ToUpperInvariant()
            : null;
}
