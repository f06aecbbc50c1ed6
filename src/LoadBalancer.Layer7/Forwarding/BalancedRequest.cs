using LoadBalancer.Backends;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;

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

    /// <summary>Time that it waited because route or pool were at a limit.</summary>
    public TimeSpan QueueTime { get; set; }

    /// <summary>Why the balancer answered by itself; null when a backend did.</summary>
    public Refusal? Refusal { get; set; }

    /// <summary>The request of a context whose route was found.</summary>
    public static BalancedRequest? Of(HttpContext context) => context.Features.Get<BalancedRequest>();
}
