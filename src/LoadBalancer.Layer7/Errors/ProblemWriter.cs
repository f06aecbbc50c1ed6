using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LoadBalancer.Layer7.Errors;

/// <summary>Problem details (RFC 9457).</summary>
internal static partial class ProblemWriter
{
    public const string ContentType = "application/problem+json";

    // Never shown as HTML (nosniff), so that a quote can stay a quote.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write(ErrorAnswer answer)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Readable))
        {
            writer.WriteStartObject();
            writer.WriteString("type", TypeOf(answer));
            writer.WriteString("title", answer.Title);
            writer.WriteNumber("status", answer.Status);
            writer.WriteString("detail", answer.Detail);
            WriteIfAny(writer, "route", answer.Route);
            WriteIfAny(writer, "pool", answer.Pool);
            writer.WriteString("reason", answer.Reason.ToString());
            WriteIfAny(writer, "backend", answer.Backend);
            WriteIfAny(writer, "cause", answer.Cause);
            if (answer.RetryAfter is { } seconds)
            {
                writer.WriteNumber("retryAfter", seconds);
            }

            writer.WriteString("traceId", answer.TraceId);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    // A name, no address: nothing is to be fetched there.
    private static string TypeOf(ErrorAnswer answer) =>
        "urn:loadbalancer:error:" + WordStart().Replace(answer.Reason.ToString(), "-").ToLowerInvariant();

    private static void WriteIfAny(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();
}
