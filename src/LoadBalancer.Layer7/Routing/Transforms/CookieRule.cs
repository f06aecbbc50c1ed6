namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>What changes of cookies that backends set (RFC 6265 section 4.1). Null leaves an attribute as it is.</summary>
/// <param name="Name">The cookie; null for all.</param>
/// <param name="Domain">The domain; empty for none, which means the host alone.</param>
/// <param name="Path">The path.</param>
/// <param name="Prefix">What is put in front of the path.</param>
/// <param name="Secure">Whether it goes over TLS alone.</param>
/// <param name="HttpOnly">Whether scripts cannot read it.</param>
/// <param name="SameSite">Whether it goes along with requests from other sites: Strict, Lax, None; Unspecified leaves it to the browser.</param>
internal sealed record CookieRule(string? Name, string? Domain, string? Path, string? Prefix, bool? Secure, bool? HttpOnly, string? SameSite)
{
    public const string Unspecified = "Unspecified";

    public bool IsFor(ReadOnlySpan<char> name) => Name is null || name.SequenceEqual(Name);

    /// <summary>Changes a cookie.</summary>
    /// <param name="parts">Name with value, then the attributes.</param>
    public void Apply(List<string> parts)
    {
        if (Domain is not null)
        {
            Set(parts, nameof(Domain), Domain.Length == 0 ? null : $"{nameof(Domain)}={Domain}");
        }

        if (Path is not null)
        {
            Set(parts, nameof(Path), $"{nameof(Path)}={Path}");
        }

        if (Prefix is not null && Find(parts, nameof(Path)) is > 0 and var at)
        {
            var path = parts[at][(parts[at].IndexOf('=') + 1)..].Trim();
            // One that is no path means the default, which the client takes from its own address.
            if (path is ['/', ..])
            {
                parts[at] = $"{nameof(Path)}={Prefix.TrimEnd('/')}{(path == "/" && Prefix.Trim('/').Length > 0 ? "" : path)}";
            }
        }

        if (Secure is { } secure)
        {
            Set(parts, nameof(Secure), secure ? nameof(Secure) : null);
        }

        if (HttpOnly is { } httpOnly)
        {
            Set(parts, nameof(HttpOnly), httpOnly ? nameof(HttpOnly) : null);
        }

        if (SameSite is not null)
        {
            Set(parts, nameof(SameSite), SameSite.Equals(Unspecified, StringComparison.OrdinalIgnoreCase) ? null : $"{nameof(SameSite)}={SameSite}");
        }
    }

    private static void Set(List<string> parts, string name, string? attribute)
    {
        var at = Find(parts, name);
        // The last of several counts (RFC 6265 section 5.3), so that none may stay.
        for (var other = at; other > 0; other = Find(parts, name))
        {
            parts.RemoveAt(other);
        }

        if (attribute is not null)
        {
            parts.Insert(at > 0 ? Math.Min(at, parts.Count) : parts.Count, attribute);
        }
    }

    private static int Find(List<string> parts, string name) => parts.FindIndex(1, part =>
        part.AsSpan(0, part.IndexOf('=') is var equals and >= 0 ? equals : part.Length).Trim().Equals(name, StringComparison.OrdinalIgnoreCase));
}
