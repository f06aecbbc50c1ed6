using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>The way back from a path of the backend to that of the client, through what a route's transforms did to it.</summary>
internal sealed class PathMapping
{
    private readonly List<(bool WasRemoved, string Prefix)> _steps = [];
    private bool _isOneWay;

    /// <summary>What the backend does not see of the path; null when it sees all of it.</summary>
    public string? RemovedPrefix { get; private set; }

    /// <summary><see cref="RemovedPrefix"/> as it is written in a message.</summary>
    public string? EncodedPrefix => field ??= RemovedPrefix is { } prefix ? Encode(prefix) : null;

    /// <summary>Reads transforms, in YARP's form.</summary>
    public static PathMapping Of(IReadOnlyList<IReadOnlyDictionary<string, string>>? transforms)
    {
        var mapping = new PathMapping();
        foreach (var transform in transforms ?? [])
        {
            if (transform.TryGetValue("PathRemovePrefix", out var removed))
            {
                mapping._steps.Insert(0, (true, Normalise(removed)));
            }
            else if (transform.TryGetValue("PathPrefix", out var added))
            {
                mapping._steps.Insert(0, (false, Normalise(added)));
            }
            else if (transform.ContainsKey("PathSet") || transform.ContainsKey("PathPattern"))
            {
                mapping._isOneWay = true;
            }
        }

        mapping.RemovedPrefix = mapping._isOneWay || mapping._steps.Count == 0 || mapping._steps.Any(step => !step.WasRemoved) ? null
            : string.Concat(mapping._steps.Select(step => step.Prefix).Reverse()) is { Length: > 0 } prefix ? prefix : null;
        return mapping;
    }

    /// <summary>The client's path for one of the backend's, which may go on with a query or fragment; null where there is none.</summary>
    public string? ToClient(string path)
    {
        if (_isOneWay)
        {
            return null;
        }

        foreach (var (wasRemoved, prefix) in _steps)
        {
            var encoded = Encode(prefix);
            if (wasRemoved)
            {
                path = encoded + path;
            }
            else if (IsUnder(path, encoded))
            {
                path = path[encoded.Length..] is ['/', ..] rest ? rest : "/" + path[encoded.Length..];
            }
            else
            {
                return null;
            }
        }

        return path;
    }

    /// <summary>Whether the backend knows of the prefix that it does not see, and has put it back itself.</summary>
    public bool IsOfClient(string path) => RemovedPrefix is { } prefix && IsUnder(path, Encode(prefix));

    /// <summary>A path as it is written in a message.</summary>
    public static string Encode(string path) => path.Length == 0 ? "" : path[0] == '/' ? new PathString(path).ToUriComponent() : new PathString("/" + path).ToUriComponent()[1..];

    private static string Normalise(string prefix) => "/" + prefix.Trim('/') is { Length: > 1 } path ? path : "";

    private static bool IsUnder(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (path.Length == prefix.Length || path[prefix.Length] is '/' or '?' or '#');
}
