using System.Globalization;
using System.Text;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>
/// W3C Extended Log File Format (working draft WD-logfile-960323), with fields of our own under the prefix x. Times that
/// something took are in seconds, as the draft has them.
/// </summary>
internal sealed class W3CFormat : ILineFormat
{
    private const string Fields =
        "date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Referer) "
        + "x-route x-pool x-backend x-attempts x-first-byte x-queue x-cache x-affinity x-refusal x-trace-id";

    public void AppendHead(StringBuilder text, DateTime now) =>
        text.Append(CultureInfo.InvariantCulture, $"#Version: 1.0\n#Software: LoadBalancer\n#Date: {now:yyyy-MM-dd HH:mm:ss}\n#Fields: {Fields}\n");

    public void AppendLine(StringBuilder text, AccessLogEntry entry)
    {
        var query = entry.Target.IndexOf('?', StringComparison.Ordinal);
        text.Append(CultureInfo.InvariantCulture, $"{entry.Time:yyyy-MM-dd HH:mm:ss} {entry.ClientAddress ?? LogText.None} ")
            .AppendField(entry.Method).Append(' ')
            .AppendField(query < 0 ? entry.Target : entry.Target[..query]).Append(' ')
            .AppendField(query < 0 ? null : entry.Target[(query + 1)..])
            .Append(CultureInfo.InvariantCulture, $" {entry.Status} {entry.BytesOut} {entry.BytesIn} {entry.Duration.TotalSeconds:0.000} ")
            .AppendField(entry.Protocol).Append(' ')
            .AppendField(entry.Host).Append(' ')
            .AppendField(entry.UserAgent).Append(' ')
            .AppendField(entry.Referer).Append(' ')
            .AppendField(entry.Route).Append(' ')
            .AppendField(entry.Pool).Append(' ')
            .AppendField(entry.Backend)
            .Append(CultureInfo.InvariantCulture, $" {entry.Attempts} {entry.FirstByte.TotalSeconds:0.000} {entry.QueueTime.TotalSeconds:0.000} ")
            .AppendField(entry.Cache).Append(' ')
            .AppendField(entry.Affinity).Append(' ')
            .AppendField(entry.Refusal).Append(' ')
            .AppendField(entry.TraceId).Append('\n');
    }
}
