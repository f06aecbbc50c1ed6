using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Errors;

/// <summary>
/// An error in the form that gRPC clients read: headers that end the answer, without a body (PROTOCOL-HTTP2.md,
/// "Trailers-Only"). HTTP's own statuses they would have to guess from.
/// </summary>
internal static class GrpcStatus
{
    private const int Unknown = 2;
    private const int DeadlineExceeded = 4;
    private const int PermissionDenied = 7;
    private const int ResourceExhausted = 8;
    private const int Unimplemented = 12;
    private const int Internal = 13;
    private const int Unavailable = 14;
    private const int Unauthenticated = 16;

    public static void Write(HttpResponse response, string requestType, ErrorAnswer answer)
    {
        response.StatusCode = StatusCodes.Status200OK;
        // gRPC-Web has another type, and wants it back.
        response.ContentType = requestType.Split(';')[0];
        response.Headers["grpc-status"] = CodeOf(answer.Status).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Encode($"{answer.Detail} ({answer.Reason}, trace {answer.TraceId})");
        if (answer.RetryAfter is { } seconds)
        {
            // What Retry-After is to HTTP (gRFC A6).
            response.Headers["grpc-retry-pushback-ms"] = (seconds * 1000L).ToString(CultureInfo.InvariantCulture);
        }
    }

    private static int CodeOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest or StatusCodes.Status500InternalServerError => Internal,
        StatusCodes.Status401Unauthorized => Unauthenticated,
        StatusCodes.Status403Forbidden => PermissionDenied,
        StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed => Unimplemented,
        StatusCodes.Status413PayloadTooLarge or StatusCodes.Status429TooManyRequests or StatusCodes.Status431RequestHeaderFieldsTooLarge => ResourceExhausted,
        StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable => Unavailable,
        StatusCodes.Status504GatewayTimeout => DeadlineExceeded,
        _ => Unknown,
    };

    // Percent-encoding of what is not printable ASCII, and of the percent sign.
    private static string Encode(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (value is >= 0x20 and <= 0x7e and not (byte)'%')
            {
                result.Append((char)value);
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }
        }

        return result.ToString();
    }
}
