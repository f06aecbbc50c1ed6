using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// Refuses what Kestrel reads in one way and another reader might read in another: where the body ends (RFC 9112
/// sections 6.1 and 6.3), and what is a header (RFC 9113 section 8.2). Request smuggling lives on such differences.
/// </summary>
internal static class RequestFraming
{
    // What Kestrel calls a Content-Length that came with Transfer-Encoding.
    private const string OverruledLength = "X-Content-Length";

    // RFC 9110 section 5.6.2.
    private static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static RequestFault? Check(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            return RequestFault.Unsupported("CONNECT asks for a tunnel, which this server does not make.");
        }

        var fault = HttpProtocol.IsHttp2(request.Protocol) || HttpProtocol.IsHttp3(request.Protocol) ? CheckConnectionHeaders(request)
            : request.Headers.TransferEncoding.Count > 0 ? CheckTransferEncoding(request)
            : null;
        return fault ?? CheckNames(request.Headers);
    }

    /// <summary>Whether a text can be the name of a header.</summary>
    public static bool IsToken(ReadOnlySpan<char> name) => !name.IsEmpty && !name.ContainsAnyExcept(Token);

    private static RequestFault? CheckTransferEncoding(HttpRequest request)
    {
        var headers = request.Headers;
        if (HttpProtocol.IsHttp10(request.Protocol))
        {
            return RequestFault.Malformed("HTTP/1.0 has no Transfer-Encoding; where the body ends is not certain.");
        }

        if (headers.ContainsKey(OverruledLength))
        {
            return RequestFault.Malformed("The request has both Transfer-Encoding and Content-Length; where the body ends is not certain.");
        }

        // Kestrel made sure that it ends in "chunked", and undoes no other coding.
        return headers.TransferEncoding is [var coding] && "chunked".Equals(coding, StringComparison.OrdinalIgnoreCase) ? null
            : RequestFault.Unsupported("The request has a Transfer-Encoding other than 'chunked'.");
    }

    private static RequestFault? CheckConnectionHeaders(HttpRequest request)
    {
        var headers = request.Headers;
        return headers.TransferEncoding.Count > 0 || headers.Upgrade.Count > 0 || headers.KeepAlive.Count > 0 || headers.ProxyConnection.Count > 0
            ? RequestFault.Malformed($"{request.Protocol} has no headers that concern the connection.")
            : null;
    }

    // Kestrel keeps the enumerator with the connection: this allocates nothing.
    private static RequestFault? CheckNames(IHeaderDictionary headers)
    {
        foreach (var header in headers)
        {
            if (!IsToken(header.Key))
            {
                return RequestFault.Malformed("The name of a header is not a token.");
            }

            if (header.Key.Contains('_') && ForwardedHeaders.Names.Contains(header.Key.Replace('_', '-'), StringComparer.OrdinalIgnoreCase))
            {
                // CGI, and what descends from it, makes "HTTP_X_FORWARDED_FOR" of both.
                return RequestFault.Malformed("The name of a header differs from that of a forwarded header in underscores alone.");
            }
        }

        return null;
    }
}
