using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace LoadBalancer.Configuration;

/// <summary>Where a listener accepts: a host and a port.</summary>
/// <param name="Host">An IP address without brackets, <c>localhost</c> or <c>*</c>.</param>
/// <param name="Port">A port, 0 to 65535; 0 takes a free one.</param>
public readonly record struct ListenAddress(string Host, int Port)
{
    /// <summary>What <see cref="TryParse"/> accepts, for messages.</summary>
    public const string Allowed = "an IP address ([::1] in brackets), 'localhost' or '*', then ':' and a port from 0 to 65535";

    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>The host and port as a URL's authority.</summary>
    public string Authority => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Reads <c>host:port</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address read.</param>
    /// <returns>Whether the text is an address.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ListenAddress address)
    {
        address = default;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon < 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        var host = text![..colon];
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host == "*")
        {
            address = new(host.ToLowerInvariant(), port);
            return true;
        }

        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var ip) || bracketed != host.Contains(':'))
        {
            return false;
        }

        // "127.1" and "0x7f000001" are IPv4 addresses of old; here they are more likely a slip.
        if (!bracketed && ip.ToString() != host)
        {
            return false;
        }

        address = new(ip.ToString(), port);
        return true;
    }

    /// <summary>The addresses to bind: both loopbacks for <c>localhost</c>, the dual-stack wildcard for <c>*</c>.</summary>
    /// <returns>One or two addresses.</returns>
    public IReadOnlyList<IPEndPoint> ToEndPoints() => Host switch
    {
        "localhost" => [new(IPAddress.Loopback, Port), new(IPAddress.IPv6Loopback, Port)],
        "*" => [new(IPAddress.IPv6Any, Port)],
        _ => [new(IPAddress.Parse(Host), Port)],
    };

    /// <summary>Whether the two cannot be bound side by side: the same port, on an address that both stand for.</summary>
    /// <param name="other">The other address.</param>
    /// <returns>Whether they clash; never for port 0, which takes a free port each time.</returns>
    public bool Overlaps(ListenAddress other)
    {
        static bool IsWildcard(ListenAddress address) => address.Host is "*" or "0.0.0.0" or "::";
        return Port != 0 && Port == other.Port
            && (IsWildcard(this) || IsWildcard(other) || ToEndPoints().Intersect(other.ToEndPoints()).Any());
    }

    /// <inheritdoc/>
    public override string ToString() => Authority;
}
