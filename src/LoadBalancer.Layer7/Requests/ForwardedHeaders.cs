using System.Buffers;
using System.Net;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// Decides who the client is and what it asked for, by what trusted proxies say, and tells backends: by
/// <c>X-Forwarded-*</c>, by <c>Forwarded</c> (RFC 7239) or both. What others say is removed before anybody reads it.
/// </summary>
internal sealed class ForwardedHeaders(ForwardedHeadersOptions options)
{
    public const string For = "X-Forwarded-For";
    public const string Proto = "X-Forwarded-Proto";
    public const string Host = "X-Forwarded-Host";
    public const string Prefix = "X-Forwarded-Prefix";
    public const string Standard = "Forwarded";

    // Backends read these too, and this balancer does not set them.
    private static readonly string[] Others = [Prefix, "X-Forwarded-Port", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Server"];

    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz");

    private readonly bool _writesStandard = options.Mode is ForwardedHeadersMode.Forwarded or ForwardedHeadersMode.Both;
    private readonly bool _writesX = options.Mode is ForwardedHeadersMode.XForwarded or ForwardedHeadersMode.Both;
    // The headers of one family alone are believed: a proxy that sets one family lets the client's other through.
    private readonly bool _readsX = options.Mode != ForwardedHeadersMode.Forwarded;
    private readonly NetworkSet _trusted = new(options.TrustedNetworks);

    /// <summary>All names that this concerns.</summary>
    public static IReadOnlyList<string> Names { get; } = [For, Proto, Host, Standard, .. Others];

    /// <summary>Makes client, scheme and host of a request those that the client had, and its headers those that a backend gets.</summary>
    /// <returns>The fault of a trusted proxy that tells nonsense; null when there is none.</returns>
    public RequestFault? Apply(HttpContext context)
    {
        var request = context.Request;
        var headers = request.Headers;
        // Null on a Unix socket.
        var peer = context.Connection.RemoteIpAddress;
        if (!_trusted.IsEmpty && peer is not null && _trusted.Contains(peer))
        {
            return ApplyTrusted(context, peer);
        }

        RemoveOthers(headers);
        Write(request, peer?.ToString(), _writesStandard ? Describe(request, peer) : default);
        return null;
    }

    // Off the hot path: few requests come through another proxy.
    private RequestFault? ApplyTrusted(HttpContext context, IPAddress peer)
    {
        var request = context.Request;
        var own = Describe(request, peer);
        var elements = _writesStandard ? ForwardedElement.Read(request.Headers[Standard].ToString()) ?? [] : [];
        var hops = _readsX ? ReadX(request.Headers) : ReadStandard(elements);
        if (_readsX && hops.Addresses.Count == 0 && elements.Count > 0 && request.Headers[For].Count == 0)
        {
            hops = ReadStandard(elements);
        }

        if (hops.Host is { } host)
        {
            if (host.AsSpan().ContainsAnyExcept(HostCharacters))
            {
                return RequestFault.Malformed("The host that a proxy forwards is none.");
            }

            request.Headers.Host = host;
        }

        if (hops.Proto is { } proto)
        {
            request.Scheme = proto;
        }

        if (hops.Addresses is [var client, ..])
        {
            context.Connection.RemoteIpAddress = client;
            context.Connection.RemotePort = 0;
        }

        // With both families, the one that was not read is kept only where it tells the same.
        var believed = !_writesStandard ? [] : _readsX && !ReadStandard(elements).Addresses.SequenceEqual(hops.Addresses) ? [] : elements.TakeLast(hops.Addresses.Count);
        Write(
            request,
            hops.Addresses.Count == 0 ? peer.ToString() : $"{string.Join(", ", hops.Addresses)}, {peer}",
            _writesStandard ? string.Join(", ", believed.Select(element => element.Text).Append(own)) : default);
        return null;
    }

    private void Write(HttpRequest request, string? client, StringValues standard)
    {
        var headers = request.Headers;
        if (_writesX && client is not null)
        {
            headers[For] = client;
        }
        else
        {
            headers.Remove(For);
        }

        var host = headers.Host;
        if (_writesX && !StringValues.IsNullOrEmpty(host))
        {
            headers[Host] = host;
        }
        else
        {
            headers.Remove(Host);
        }

        if (_writesX)
        {
            headers[Proto] = request.Scheme;
        }
        else
        {
            headers.Remove(Proto);
            RemoveOthers(headers);
        }

        if (standard.Count > 0)
        {
            headers[Standard] = standard;
        }
        else
        {
            headers.Remove(Standard);
        }
    }

    private static void RemoveOthers(IHeaderDictionary headers)
    {
        foreach (var name in Others)
        {
            headers.Remove(name);
        }
    }

    // The last address was added by the peer, the one before by that address, and so on while they are trusted.
    private Hops ReadX(IHeaderDictionary headers)
    {
        var addresses = new List<IPAddress>();
        var entries = headers.GetCommaSeparatedValues(For);
        for (var i = entries.Length - 1; i >= 0 && ForwardedElement.ReadNode(entries[i]) is { } address; i--)
        {
            addresses.Insert(0, address);
            if (!_trusted.Contains(address))
            {
                break;
            }
        }

        return new(addresses, ReadProto(Entry(headers, Proto, addresses.Count)), Entry(headers, Host, addresses.Count));
    }

    // Of proxies that each add their own, what the outermost believed one added; of those that set it once, that.
    private static string? Entry(IHeaderDictionary headers, string name, int hops)
    {
        var entries = headers.GetCommaSeparatedValues(name);
        return entries.Length == 0 ? null : entries[Math.Max(0, entries.Length - Math.Max(1, hops))].Trim();
    }

    private Hops ReadStandard(List<ForwardedElement> elements)
    {
        var addresses = new List<IPAddress>();
        var first = elements.Count - 1;
        for (var i = elements.Count - 1; i >= 0; i--)
        {
            first = i;
            if (elements[i].For is not { } address)
            {
                break;
            }

            addresses.Insert(0, address);
            if (!_trusted.Contains(address))
            {
                break;
            }
        }

        return elements.Count == 0 ? new(addresses, null, null) : new(addresses, ReadProto(elements[first].Proto), elements[first].Host);
    }

    private static string? ReadProto(string? proto) =>
        "https".Equals(proto, StringComparison.OrdinalIgnoreCase) ? "https" : "http".Equals(proto, StringComparison.OrdinalIgnoreCase) ? "http" : null;

    private static string Describe(HttpRequest request, IPAddress? peer)
    {
        var node = peer switch
        {
            null => "unknown",
            { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => $"\"[{peer}]\"",
            _ => peer.ToString(),
        };
        var host = request.Headers.Host.ToString();
        return host.Length == 0 ? $"for={node};proto={request.Scheme}"
            : RequestFraming.IsToken(host) ? $"for={node};host={host};proto={request.Scheme}"
            : $"for={node};host=\"{host}\";proto={request.Scheme}";
    }

    private sealed record Hops(List<IPAddress> Addresses, string? Proto, string? Host);
}
