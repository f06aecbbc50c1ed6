using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace LoadBalancer.Layer7.Caching;

/// <summary>A copy of a request that goes to a backend when its client has long been answered.</summary>
internal static class BackgroundRequest
{
    /// <summary>Copies what backends and transforms see of a request.</summary>
    /// <param name="original">The request, which must still be under way.</param>
    /// <param name="services">Services of the copy.</param>
    /// <param name="balanced">Its route and pool.</param>
    public static HttpContext Copy(HttpContext original, IServiceProvider services, BalancedRequest balanced)
    {
        var request = original.Request;
        var copy = new DefaultHttpContext { RequestServices = services };
        copy.Features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = HttpMethods.Get,
            Protocol = request.Protocol,
            Scheme = request.Scheme,
            PathBase = request.PathBase.Value!,
            Path = request.Path.Value!,
            QueryString = request.QueryString.Value!,
            RawTarget = original.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            Headers = new HeaderDictionary(request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase)),
            Body = Stream.Null,
        });
        copy.Features.Set<IHttpRequestBodyDetectionFeature>(NoBody.Instance);
        var answer = new Answer();
        copy.Features.Set<IHttpResponseFeature>(answer);
        copy.Features.Set<IHttpResponseBodyFeature>(new DroppedBody(answer));
        copy.Features.Set<IHttpConnectionFeature>(new HttpConnectionFeature
        {
            ConnectionId = original.Connection.Id,
            RemoteIpAddress = original.Connection.RemoteIpAddress,
            RemotePort = original.Connection.RemotePort,
            LocalIpAddress = original.Connection.LocalIpAddress,
            LocalPort = original.Connection.LocalPort,
        });
        copy.Features.Set(original.Features.Get<Listener>());
        copy.Features.Set(new BalancedRequest(balanced.Route) { Pool = balanced.Pool });
        copy.SetEndpoint(original.GetEndpoint());
        copy.Request.RouteValues = new RouteValueDictionary(request.RouteValues);
        return copy;
    }

    // What was begun to be kept cannot be taken back: another attempt's answer must not follow it.
    private sealed class Answer : HttpResponseFeature
    {
        public bool IsBegun { get; set; }

        public override bool HasStarted => IsBegun;
    }

    private sealed class DroppedBody(Answer answer) : StreamResponseBodyFeature(Stream.Null)
    {
        public override Task StartAsync(CancellationToken cancellationToken = default)
        {
            answer.IsBegun = true;
            return base.StartAsync(cancellationToken);
        }
    }

    private sealed class NoBody : IHttpRequestBodyDetectionFeature
    {
        public static readonly NoBody Instance = new();

        public bool CanHaveBody => false;
    }
}
