using System.Collections.Frozen;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tls;

/// <summary>
/// Headers that tell backends of a client's certificate. What clients send under these names is removed on every
/// listener: a backend that trusts the header does not know by which of them a request came.
/// </summary>
internal sealed class ClientCertificateHeaders
{
    private const string Rfc9440 = "Client-Cert";

    // Backends may expect these two whether or not a listener sets them.
    private static readonly string[] WellKnown = [Rfc9440, "X-Client-Cert"];

    private static readonly object EncodedKey = new();

    private volatile string[] _names = WellKnown;

    /// <summary>Takes the names that listeners forward under.</summary>
    public void Apply(IEnumerable<Layer7ListenerOptions> listeners) => _names = [.. listeners
        .Select(listener => listener.Tls?.ClientCertificate?.ForwardHeader)
        .OfType<string>()
        .Concat(WellKnown)
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Removes what the client claims and, where the listener says so, adds what the handshake proved.</summary>
    public void Apply(HttpContext context, string? forwardHeader)
    {
        var headers = context.Request.Headers;
        foreach (var name in _names)
        {
            headers.Remove(name);
        }

        if (forwardHeader is not null && Encode(context) is { } certificate)
        {
            // A byte sequence of structured fields (RFC 9440 section 2.2, RFC 9651 section 3.3.5).
            headers[forwardHeader] = forwardHeader.Equals(Rfc9440, StringComparison.OrdinalIgnoreCase) ? $":{certificate}:" : certificate;
        }
    }

    /// <summary>Whether backends are told who the client is, so that answers are for this client alone.</summary>
    public static bool AreAddedTo(HttpContext context) =>
        context.Features.Get<Listener>()?.Tls?.ForwardHeader is not null && context.Connection.ClientCertificate is not null;

    // Once a connection, not once a request.
    private static string? Encode(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            return null;
        }

        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return Convert.ToBase64String(certificate.RawDataMemory.Span);
        }

        // Streams of one HTTP/2 connection come here at the same time.
        lock (items)
        {
            if (items.TryGetValue(EncodedKey, out var known))
            {
                return (string?)known;
            }

            var encoded = Convert.ToBase64String(certificate.RawDataMemory.Span);
            items[EncodedKey] = encoded;
            return encoded;
        }
    }
}
