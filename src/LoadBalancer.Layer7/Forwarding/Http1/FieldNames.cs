using System.Collections.Frozen;
using System.Text;
using LoadBalancer.Layer7.Requests;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>The names of header fields, each as one string, and what they are to a forwarder.</summary>
internal static class FieldNames
{
    private const int Longest = 64;

    // As YARP does it, so that both ways of forwarding drop the same.
    private static readonly FrozenDictionary<string, FieldKind> Kinds = new Dictionary<string, FieldKind>
    {
        [HeaderNames.Connection] = FieldKind.Connection,
        [HeaderNames.ContentLength] = FieldKind.ContentLength,
        [HeaderNames.TransferEncoding] = FieldKind.TransferEncoding,
        [HeaderNames.Host] = FieldKind.Host,
        [HeaderNames.SetCookie] = FieldKind.Personal,
        [HeaderNames.Location] = FieldKind.Location,
        [HeaderNames.ContentLocation] = FieldKind.Location,
        ["Refresh"] = FieldKind.Location,
        [HeaderNames.ETag] = FieldKind.Personal,
        [HeaderNames.TraceParent] = FieldKind.Trace,
        [HeaderNames.TraceState] = FieldKind.Trace,
        [HeaderNames.Baggage] = FieldKind.Trace,
        [HeaderNames.CorrelationContext] = FieldKind.Trace,
        [ForwardedHeaders.Prefix] = FieldKind.ForwardedPrefix,
        [HeaderNames.KeepAlive] = FieldKind.Dropped,
        [HeaderNames.Upgrade] = FieldKind.Dropped,
        [HeaderNames.ProxyConnection] = FieldKind.Dropped,
        [HeaderNames.ProxyAuthenticate] = FieldKind.Dropped,
        ["Proxy-Authentication-Info"] = FieldKind.Dropped,
        [HeaderNames.ProxyAuthorization] = FieldKind.Dropped,
        ["Proxy-Features"] = FieldKind.Dropped,
        ["Proxy-Instruction"] = FieldKind.Dropped,
        ["Security-Scheme"] = FieldKind.Dropped,
        ["ALPN"] = FieldKind.Dropped,
        ["Close"] = FieldKind.Dropped,
        ["HTTP2-Settings"] = FieldKind.Dropped,
        [HeaderNames.UpgradeInsecureRequests] = FieldKind.Dropped,
        [HeaderNames.TE] = FieldKind.Dropped,
        [HeaderNames.AltSvc] = FieldKind.Dropped,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // Kestrel recognises its own strings by reference.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Known = typeof(HeaderNames).GetFields()
        .Select(field => field.GetValue(null)).OfType<string>()
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>What a field is.</summary>
    public static FieldKind KindOf(string name) => Kinds.TryGetValue(name, out var kind) ? kind : FieldKind.Plain;

    /// <summary>A name of ASCII characters as a string; one that is well known is always the same.</summary>
    public static string ToString(ReadOnlySpan<byte> name)
    {
        if (name.Length > Longest)
        {
            return Encoding.ASCII.GetString(name);
        }

        Span<char> text = stackalloc char[name.Length];
        Encoding.ASCII.GetChars(name, text);
        return Known.TryGetValue(text, out var known) ? known : new string(text);
    }
}
