using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Caching;

/// <summary>A request header that selected an answer (RFC 9111 section 4.1), as it was in the request that brought it.</summary>
internal sealed class VaryField
{
    private readonly string? _raw;
    private readonly string? _normalized;

    public VaryField(string name, IHeaderDictionary request)
    {
        Name = name;
        var lines = request[name];
        if (lines.Count > 0)
        {
            _raw = lines.ToString();
            _normalized = HeaderList.Normalize(name, lines);
        }
    }

    public string Name { get; }

    /// <summary>The value; null where the request did not have the header.</summary>
    public string? Value => _normalized;

    public bool Matches(IHeaderDictionary request)
    {
        var lines = request[Name];
        return lines.Count == 0 || _raw is null
            ? lines.Count == 0 && _raw is null
            : (lines.Count == 1 && lines[0] == _raw) || HeaderList.Normalize(Name, lines) == _normalized;
    }

    public bool Equals(VaryField other) => Name.Equals(other.Name, StringComparison.OrdinalIgnoreCase) && _normalized == other._normalized;
}
