using LoadBalancer.Layer7.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// The primary key of an answer (RFC 9111 section 2): the address, on one route. Two routes may lead to different
/// services, and differ in what an address does not have.
/// </summary>
internal sealed class CacheKey(string text, string prefix)
{
    // No part of an address can have it: Kestrel refuses paths with it.
    private const char Separator = '\0';

    /// <summary>The whole.</summary>
    public string Text => text;

    /// <summary>The key of those requests alone that have these headers.</summary>
    public string SlotFor(IReadOnlyCollection<VaryField> fields, IHeaderDictionary headers) => fields.Count == 0
        ? text
        : string.Join(Separator, [text, .. fields.Select(field => $"{field.Name}:{HeaderList.Normalize(field.Name, headers[field.Name])}")]);

    /// <summary>Whether a <see cref="SlotFor">slot</see> is one of this address.</summary>
    public bool IsOf(string slot) => slot.StartsWith(text, StringComparison.Ordinal) && (slot.Length == text.Length || slot[text.Length] == Separator);

    /// <summary>The address, for people.</summary>
    public string Url
    {
        get
        {
            var parts = text[prefix.Length..].Split(Separator);
            return $"{parts[0]}://{parts[1]}{new PathString(parts[2]).ToUriComponent()}{parts[3]}";
        }
    }

    /// <summary>The path as it is sent on.</summary>
    public string Path => text[prefix.Length..].Split(Separator)[2];

    /// <summary>The query with its question mark, or nothing.</summary>
    public string Query => text[prefix.Length..].Split(Separator)[3];

    /// <summary>Characters of a request's key.</summary>
    public static int LengthFor(HttpRequest request, string prefix) =>
        prefix.Length + request.Scheme.Length + (request.Host.Value?.Length ?? 0) + request.PathBase.Value!.Length + RequestPath.Of(request.HttpContext).Length + (request.QueryString.Value?.Length ?? 0) + 3;

    /// <summary>Writes a request's key.</summary>
    public static void Write(HttpRequest request, string prefix, Span<char> target)
    {
        Append(ref target, prefix);
        Append(ref target, request.Scheme);
        Append(ref target, Separator);
        var host = request.Host.Value.AsSpan();
        target = target[host.ToLowerInvariant(target)..];
        Append(ref target, Separator);
        Append(ref target, request.PathBase.Value);
        // Not the decoded path: /a%2Fb and /a%252Fb decode to the same, and are two resources to a backend.
        Append(ref target, RequestPath.Of(request.HttpContext));
        Append(ref target, Separator);
        Append(ref target, request.QueryString.Value);
    }

    /// <summary>The key of a request on a route.</summary>
    public static CacheKey Of(HttpRequest request, string prefix) =>
        new(string.Create(LengthFor(request, prefix), (request, prefix), static (target, state) => Write(state.request, state.prefix, target)), prefix);

    /// <summary>The key of an address on a route.</summary>
    public static CacheKey Of(Uri address, string prefix) =>
        new($"{prefix}{address.Scheme}{Separator}{address.Authority.ToLowerInvariant()}{Separator}{PathString.FromUriComponent(address)}{Separator}{address.Query}", prefix);

    /// <summary>A request's address, against which others are resolved.</summary>
    public static Uri? AddressOf(HttpRequest request) => Uri.TryCreate(request.GetEncodedUrl(), UriKind.Absolute, out var address) ? address : null;

    private static void Append(ref Span<char> target, ReadOnlySpan<char> text)
    {
        text.CopyTo(target);
        target = target[text.Length..];
    }

    private static void Append(ref Span<char> target, char c)
    {
        target[0] = c;
        target = target[1..];
    }
}
