using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>How YARP sends the requests of a route, in each HTTP version.</summary>
internal sealed class RequestConfigs
{
    private readonly ForwarderRequestConfig _http1;
    private readonly ForwarderRequestConfig _negotiated;
    private readonly ForwarderRequestConfig _http2;
    private readonly ForwarderRequestConfig _http3;

    public RequestConfigs(RouteTimeoutOptions timeouts)
    {
        _http1 = new() { ActivityTimeout = timeouts.Idle, Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        _negotiated = _http1 with { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        _http2 = _http1 with { Version = HttpVersion.Version20 };
        _http3 = _http1 with { Version = HttpVersion.Version30 };
    }

    /// <summary>Chooses the version for a request.</summary>
    public ForwarderRequestConfig For(HttpContext context, BackendPool pool, Backend backend) => pool.Options.HttpVersion switch
    {
        BackendHttpVersion.Http1 => _http1,
        BackendHttpVersion.Http2 => _http2,
        // WebSocket over HTTP/3 (RFC 9220) is not known to .NET; backends that speak HTTP/3 speak the others too.
        BackendHttpVersion.Http3 => IsWebSocket(context) ? _negotiated : _http3,
        _ when backend.IsHttps => _negotiated,
        _ => IsGrpc(context.Request.ContentType) ? _http2 : _http1,
    };

    /// <summary>Whether content is gRPC's.</summary>
    // gRPC needs HTTP/2; gRPC-Web (application/grpc-web) is made for HTTP/1.1.
    public static bool IsGrpc(ReadOnlySpan<char> contentType)
    {
        const string Grpc = "application/grpc";
        return contentType.StartsWith(Grpc, StringComparison.OrdinalIgnoreCase) && contentType[Grpc.Length..] is [] or ['+' or ';' or ' ', ..];
    }

    private static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } || context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
}
