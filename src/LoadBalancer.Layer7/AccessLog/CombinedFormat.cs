using System.Globalization;
using System.Text;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>
/// The Apache HTTP server's combined format: <c>%h %l %u %t "%r" %&gt;s %b "%{Referer}i" "%{User-Agent}i"</c>. It has no
/// place for what a balancer knows besides.
/// </summary>
internal sealed class CombinedFormat : ILineFormat
{
    public void AppendHead(StringBuilder text, DateTime now)
    {
    }

    public void AppendLine(StringBuilder text, AccessLogEntry entry)
    {
        text.Append(entry.ClientAddress ?? LogText.None)
            .Append(CultureInfo.InvariantCulture, $" - - [{entry.Time:dd/MMM/yyyy:HH:mm:ss} +0000] \"")
            .AppendInQuotes(entry.Method).Append(' ').AppendInQuotes(entry.Target).Append(' ').AppendInQuotes(entry.Protocol)
            .Append(CultureInfo.InvariantCulture, $"\" {entry.Status} ");
        if (entry.BytesOut == 0)
        {
            text.Append(LogText.None);
        }
        else
        {
            text.Append(entry.BytesOut);
        }

        text.Append(' ').AppendQuoted(entry.Referer).Append(' ').AppendQuoted(entry.UserAgent).Append('\n');
    }
}
