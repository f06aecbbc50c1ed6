using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Requests;

/// <summary>The host names that may be asked for.</summary>
internal sealed class HostRules
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    private readonly Rule[] _rules;

    /// <param name="hosts">Valid names, with an optional <c>*.</c> in front or <c>:port</c> behind; none for all.</param>
    public HostRules(IEnumerable<string> hosts) => _rules = [.. hosts.Select(host =>
    {
        TrySplit(host, out var name, out var port);
        return new Rule(name.TrimStart('*').ToString(), name is ['*', ..], port);
    })];

    public RequestFault? Check(HttpContext context)
    {
        var request = context.Request;
        // Kestrel refuses two of them, and characters that no host has.
        var host = request.Headers.Host.ToString();
        if (host.Length == 0)
        {
            // Before HTTP/1.1 there was no such header. An empty one is for what has no host, and http has one (RFC 9110 section 4.2.1).
            return !HttpProtocol.IsHttp10(request.Protocol) || request.Headers.Host.Count > 0 ? RequestFault.Malformed("The request names no host.")
                : _rules.Length > 0 ? RequestFault.Misdirected("The request names no host.")
                : null;
        }

        if (!TrySplit(host, out var name, out var port))
        {
            return RequestFault.Malformed("The host has a port that is none.");
        }

        if (_rules.Length == 0)
        {
            return null;
        }

        port ??= request.IsHttps ? 443 : 80;
        foreach (var rule in _rules)
        {
            if (rule.Allows(name, port))
            {
                return null;
            }
        }

        return RequestFault.Misdirected($"The host '{host}' is not served here.");
    }

    private static bool TrySplit(ReadOnlySpan<char> host, out ReadOnlySpan<char> name, out int? port)
    {
        var colon = host.LastIndexOf(':');
        if (colon < 0 || host[^1] == ']')
        {
            name = host;
            port = null;
            return true;
        }

        name = host[..colon];
        var digits = host[(colon + 1)..];
        port = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        return digits.IsEmpty || (port <= IPEndPoint.MaxPort && !digits.ContainsAnyExcept(Digits));
    }

    private sealed record Rule(string Name, bool IsWildcard, int? Port)
    {
        public bool Allows(ReadOnlySpan<char> name, int? port) =>
            (Port is null || Port == port)
            && (IsWildcard ? name.Length > Name.Length && name.EndsWith(Name, StringComparison.OrdinalIgnoreCase) : name.Equals(Name, StringComparison.OrdinalIgnoreCase));
    }
}
