using LoadBalancer.Backends;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Shaping;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>What the balancer knows and decides of one request, for all that handle it: a feature of its context.</summary>
internal sealed class BalancedRequest(Route route)
{
    /// <summary>The route in force when the request came.</summary>
    public Route Route => route;

    /// <summary>The pool that the request goes to.</summary>
    public BackendPool Pool { get; set; } = route.Pool;

    /// <summary>When it came, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; } = TimeProvider.System.GetTimestamp();

    /// <summary>The newest attempt; null while there was none.</summary>
    public Attempt? Attempt { get; set; }

    /// <summary>How many attempts there were.</summary>
    public int Attempts => Attempt?.Number ?? 0;

    /// <summary>Backends that were asked in vain.</summary>
    public Backend[] Tried { get; set; } = [];

    /// <summary>What affinity had to say.</summary>
    public AffinityState Affinity { get; set; }

    /// <summary>Time that it waited because route or pool were at a limit.</summary>
    public TimeSpan QueueTime { get; set; }

    /// <summary>Why the balancer answered by itself; null when a backend did.</summary>
    public Refusal? Refusal { get; set; }

    /// <summary>What the cache did for it.</summary>
    public CacheOutcome Cache { get; set; }

    /// <summary>Whether sending it twice does no more than sending it once (RFC 9110 §9.2.2).</summary>
    public bool IsIdempotent { get; private set; }

    /// <summary>Whether it asks for a connection of its own, such as a WebSocket.</summary>
    public bool IsUpgrade { get; private set; }

    /// <summary>Whether it may have a body.</summary>
    public bool HasBody { get; private set; }

    /// <summary>Its body where that is kept or watched; null where it goes to the backend as it is.</summary>
    public KeptBody? Body { get; set; }

    /// <summary>Its copy to another pool; null for none.</summary>
    public MirroredRequest? Copy { get; set; }

    /// <summary>What is left of the time of the whole request; null for no limit.</summary>
    public TimeSpan? TimeLeft => route.Options.Timeouts.Total - TimeProvider.System.GetElapsedTime(StartedAt);

    /// <summary>The request of a context whose route was found.</summary>
    public static BalancedRequest? Of(HttpContext context) => context.Features.Get<BalancedRequest>();

    /// <summary>Whether requests with a method may be sent twice (RFC 9110 §9.2.2).</summary>
    public static bool IsIdempotentMethod(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);

    /// <summary>Takes a look at the request, before its first attempt.</summary>
    public void Inspect(HttpContext context)
    {
        var method = context.Request.Method;
        // What opens a WebSocket in HTTP/1.1 is a GET, and means the same here (RFC 8441 §5).
        var isConnect = HttpMethods.IsConnect(method);
        IsIdempotent = isConnect || IsIdempotentMethod(method);
        HasBody = !isConnect && (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true);
        IsUpgrade = isConnect || context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
    }

    /// <summary>The last of the body was read, to be sent at once.</summary>
    public void BodySent()
    {
        Attempt?.Deadline?.BodySent();
        Copy?.Send(Body!);
    }
}
