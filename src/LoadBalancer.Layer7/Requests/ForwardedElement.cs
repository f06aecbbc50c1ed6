using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Requests;

/// <summary>What one proxy says in a <c>Forwarded</c> header (RFC 7239 section 4).</summary>
/// <param name="Text">The element as it came.</param>
/// <param name="For">Who asked the proxy; null when it does not say, or hides it.</param>
/// <param name="Proto">The scheme that it was asked by.</param>
/// <param name="Host">The host that it was asked for.</param>
internal sealed record ForwardedElement(string Text, IPAddress? For, string? Proto, string? Host)
{
    /// <summary>Reads a header; null when it is malformed.</summary>
    public static List<ForwardedElement>? Read(string header)
    {
        var elements = new List<ForwardedElement>();
        var rest = header.AsSpan();
        while (true)
        {
            rest = rest.TrimStart(" \t");
            var start = rest;
            string? node = null, proto = null, host = null;
            while (!rest.IsEmpty && rest[0] != ',')
            {
                if (!TryReadPair(ref rest, out var name, out var value))
                {
                    return null;
                }

                switch (name)
                {
                    case var _ when name.Equals("for", StringComparison.OrdinalIgnoreCase):
                        node = value;
                        break;
                    case var _ when name.Equals("proto", StringComparison.OrdinalIgnoreCase):
                        proto = value;
                        break;
                    case var _ when name.Equals("host", StringComparison.OrdinalIgnoreCase):
                        host = value;
                        break;
                }
            }

            var text = start[..(start.Length - rest.Length)].TrimEnd(" \t");
            if (!text.IsEmpty)
            {
                elements.Add(new(text.ToString(), ReadNode(node), proto, host));
            }

            if (rest.IsEmpty)
            {
                return elements;
            }

            rest = rest[1..];
        }
    }

    /// <summary>Reads an address with an optional port, as proxies write it.</summary>
    /// <returns>The address, an IPv4 one mapped to IPv6 as IPv4; null when it is none, but <c>unknown</c> or <c>_hidden</c>.</returns>
    public static IPAddress? ReadNode(ReadOnlySpan<char> node)
    {
        node = node.Trim();
        if (node is ['[', ..] && node.IndexOf(']') is > 0 and var bracket)
        {
            node = node[1..bracket];
        }
        else if (node.Count(':') == 1)
        {
            node = node[..node.IndexOf(':')];
        }

        // The same strictness as for networks: the runtime takes "127.1" for an address.
        return Network.TryParse(node.ToString(), out var network) && !node.Contains('/') ? network.BaseAddress : null;
    }

    // token "=" (token / quoted-string), then ";" or the end of the element.
    private static bool TryReadPair(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> name, out string value)
    {
        value = "";
        var equals = rest.IndexOf('=');
        name = equals < 0 ? default : rest[..equals];
        if (!RequestFraming.IsToken(name))
        {
            return false;
        }

        rest = rest[(equals + 1)..];
        if (rest is ['"', ..])
        {
            if (!TryReadQuoted(ref rest, out value))
            {
                return false;
            }
        }
        else
        {
            var end = rest.IndexOfAny(",; \t");
            var token = end < 0 ? rest : rest[..end];
            // Addresses with colons must be quoted, and some proxies forget it.
            if (token.IsEmpty || token.Contains('"'))
            {
                return false;
            }

            value = token.ToString();
            rest = rest[token.Length..];
        }

        rest = rest.TrimStart(" \t");
        if (rest is [';', ..])
        {
            rest = rest[1..].TrimStart(" \t");
            return true;
        }

        return rest.IsEmpty || rest[0] == ',';
    }

    private static bool TryReadQuoted(ref ReadOnlySpan<char> rest, out string value)
    {
        var text = new System.Text.StringBuilder();
        value = "";
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                rest = rest[(i + 1)..];
                value = text.ToString();
                return true;
            }

            if (rest[i] == '\\' && ++i == rest.Length)
            {
                break;
            }

            text.Append(rest[i]);
        }

        return false;
    }
}
