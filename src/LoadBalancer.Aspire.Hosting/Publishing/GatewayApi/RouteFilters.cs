using System.Text.RegularExpressions;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The filters of an HTTPRoute's rules: what a route changes of requests and answers.</summary>
internal sealed partial class RouteFilters
{
    private const int MaxHeaders = 16;
    private const string HostHeader = "Host";

    private readonly HeaderChanges _request = new();
    private readonly HeaderChanges _response = new();
    private readonly PathRewrite _path;
    private readonly List<string> _notes;
    private readonly string _subject;
    private string? _host;

    public RouteFilters(RouteOptions route, PathMatch match, string subject, List<string> notes)
    {
        _path = new(route.Path, match);
        _notes = notes;
        _subject = subject;
        if (route.RemovePrefix is { } prefix && !_path.TryRemovePrefix(prefix))
        {
            Note($"RemovePrefix '{prefix}'", "paths of this form cannot be rewritten, so that backends see the whole path");
        }

        foreach (var transform in route.Transforms)
        {
            Add(new Dictionary<string, string>(transform, StringComparer.OrdinalIgnoreCase));
        }
    }

    /// <summary>Whether the filters need a rule that has one match alone.</summary>
    public bool NeedOneMatch => _path.ToFilter()?.ContainsKey("replacePrefixMatch") == true;

    public IEnumerable<Dictionary<string, object>> ToFilters()
    {
        if (_request.ToFilter() is { } request)
        {
            yield return new() { ["type"] = "RequestHeaderModifier", ["requestHeaderModifier"] = request };
        }

        if (_response.ToFilter() is { } response)
        {
            yield return new() { ["type"] = "ResponseHeaderModifier", ["responseHeaderModifier"] = response };
        }

        var rewrite = new Dictionary<string, object>();
        if (_host is not null)
        {
            rewrite["hostname"] = _host;
        }

        if (_path.ToFilter() is { } path)
        {
            rewrite["path"] = path;
        }

        if (rewrite.Count > 0)
        {
            yield return new() { ["type"] = "URLRewrite", ["urlRewrite"] = rewrite };
        }
    }

    private void Add(Dictionary<string, string> transform)
    {
        var isMapped = transform switch
        {
            _ when transform.TryGetValue("PathRemovePrefix", out var prefix) => _path.TryRemovePrefix(prefix),
            _ when transform.TryGetValue("PathPrefix", out var prefix) => _path.TryAddPrefix(prefix),
            _ when transform.TryGetValue("PathSet", out var path) => SetPath(path),
            _ when transform.TryGetValue("PathPattern", out var pattern) => _path.TryPattern(pattern),
            // Without it a request keeps the client's host there, which is what this asks for here.
            _ when transform.TryGetValue("RequestHeaderOriginalHost", out var keep) => bool.TryParse(keep, out var isKept) && isKept,
            _ when transform.TryGetValue("RequestHeader", out var header) => TrySet(_request, header, transform),
            _ when transform.TryGetValue("RequestHeaderRemove", out var header) => _request.TryRemove(header),
            _ when transform.TryGetValue("ResponseHeader", out var header) => !IsOnFailure(transform) && TrySet(_response, header, transform),
            _ when transform.TryGetValue("ResponseHeaderRemove", out var header) => !IsOnFailure(transform) && _response.TryRemove(header),
            _ => false,
        };
        if (!isMapped)
        {
            Note($"the transform {string.Join(", ", transform.Select(key => $"{key.Key}={key.Value}"))}", "the standard cannot say it");
        }
    }

    private bool SetPath(string path)
    {
        _path.Set(path);
        return true;
    }

    private bool TrySet(HeaderChanges changes, string header, Dictionary<string, string> transform)
    {
        var (isAdded, value) = transform.TryGetValue("Append", out var added) ? (true, added) : (false, transform.GetValueOrDefault("Set", ""));
        if (changes == _request && header.Equals(HostHeader, StringComparison.OrdinalIgnoreCase))
        {
            _host = Host().IsMatch(value) ? value : _host;
            return _host == value && !isAdded;
        }

        return changes.TrySet(header, value, isAdded);
    }

    private void Note(string what, string why) => _notes.Add($"{_subject}: {what} is not mapped: {why}");

    private static bool IsOnFailure(Dictionary<string, string> transform) =>
        transform.GetValueOrDefault("When", "").Equals("Failure", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    private sealed class HeaderChanges
    {
        private readonly Dictionary<string, string> _set = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<string, string> _add = new(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> _remove = new(StringComparer.OrdinalIgnoreCase);

        // The last word on a header counts, as it does where the changes are made one after the other.
        public bool TrySet(string header, string value, bool isAdded)
        {
            var target = isAdded ? _add : _set;
            if (value.Length == 0 || (isAdded && (_add.ContainsKey(header) || _remove.Contains(header))) || target.Count == MaxHeaders)
            {
                return false;
            }

            if (!isAdded)
            {
                _add.Remove(header);
                _remove.Remove(header);
            }

            target[header] = value;
            return true;
        }

        public bool TryRemove(string header)
        {
            if (_remove.Count == MaxHeaders)
            {
                return false;
            }

            _set.Remove(header);
            _add.Remove(header);
            _remove.Add(header);
            return true;
        }

        public Dictionary<string, object>? ToFilter()
        {
            var filter = new Dictionary<string, object>();
            if (_set.Count > 0)
            {
                filter["set"] = ListOf(_set);
            }

            if (_add.Count > 0)
            {
                filter["add"] = ListOf(_add);
            }

            if (_remove.Count > 0)
            {
                filter["remove"] = _remove.ToList<object>();
            }

            return filter.Count > 0 ? filter : null;
        }

        private static List<object> ListOf(Dictionary<string, string> headers) =>
            [.. headers.Select(header => new Dictionary<string, object> { ["name"] = header.Key, ["value"] = header.Value })];
    }
}
