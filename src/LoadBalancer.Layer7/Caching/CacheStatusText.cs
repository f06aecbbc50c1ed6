using System.Globalization;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>Writes the members of <c>Cache-Status</c> (RFC 9211).</summary>
internal sealed class CacheStatusText(string name)
{
    private readonly string _name = ToIdentifier(name);

    /// <summary>Answered from memory.</summary>
    /// <param name="ttl">Seconds for which it stays fresh; negative for stale.</param>
    public string Hit(long ttl) => string.Create(CultureInfo.InvariantCulture, $"{_name}; hit; ttl={ttl}");

    /// <summary>Answered with what a backend said to this request or to another that came before.</summary>
    /// <param name="reason">Why memory did not do.</param>
    /// <param name="status">The backend's status where the client gets another; 0 otherwise.</param>
    /// <param name="head">What was stored or confirmed; null when nothing was.</param>
    /// <param name="collapsed">Whether another request was waited for.</param>
    public string Forwarded(ForwardReason reason, int status, AnswerHead? head, bool collapsed)
    {
        var text = new StringBuilder(_name).Append("; fwd=").Append(reason switch
        {
            ForwardReason.Bypass => "bypass",
            ForwardReason.Method => "method",
            ForwardReason.Vary => "vary-miss",
            ForwardReason.Stale => "stale",
            ForwardReason.Request => "request",
            _ => "uri-miss",
        });
        if (status != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"; fwd-status={status}");
        }

        if (head is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"; stored; ttl={head.TtlAt(head.InitialAge)}");
        }

        return text.Append(collapsed ? "; collapsed" : "").ToString();
    }

    /// <summary>The field's value for a stored answer: caches that are nearer to the service come first (RFC 9211 section 2).</summary>
    public static StringValues AfterOthers(AnswerHead head, string own)
    {
        foreach (var (name, value) in head.Fields)
        {
            if (name.Equals("Cache-Status", StringComparison.OrdinalIgnoreCase))
            {
                return StringValues.Concat(value, own);
            }
        }

        return own;
    }

    // A token where it can be one, or else a string (RFC 9651 sections 3.3.3 and 3.3.4).
    private static string ToIdentifier(string name) =>
        name is [var first, ..] && (char.IsAsciiLetter(first) || first == '*') && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~:/".Contains(c))
            ? name
            : $"\"{string.Concat(name.Where(c => c is >= ' ' and <= '~')).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
