using System.Text;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>The form of a file's lines; all of them are ASCII.</summary>
internal interface ILineFormat
{
    /// <summary>Writes what a new file begins with.</summary>
    void AppendHead(StringBuilder text, DateTime now);

    /// <summary>Writes the line of a request, with its end.</summary>
    void AppendLine(StringBuilder text, AccessLogEntry entry);
}
