using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Limits;

/// <summary>The limits that Kestrel keeps, in its own words.</summary>
internal static class ServerLimits
{
    /// <summary>
    /// Sets them, also while Kestrel runs: it looks at the sizes for each HTTP/1.1 request, at the times and at what
    /// concerns HTTP/2 for each connection.
    /// </summary>
    public static void Apply(KestrelServerLimits limits, Layer7LimitsOptions options)
    {
        limits.MaxRequestHeadersTotalSize = options.MaxRequestHeadersSize;
        limits.MaxRequestLineSize = options.MaxRequestLineSize;
        limits.RequestHeadersTimeout = options.RequestHeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        // One field may be as large as all of them together: HTTP/1.1 knows no other limit either.
        limits.Http2.MaxRequestHeaderFieldSize = options.MaxRequestHeadersSize;
        limits.Http3.MaxRequestHeaderFieldSize = options.MaxRequestHeadersSize;
    }
}
