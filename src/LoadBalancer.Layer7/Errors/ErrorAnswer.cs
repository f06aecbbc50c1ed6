using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Errors;

/// <summary>What an error answer says, in whatever form.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">Why, for people.</param>
/// <param name="TraceId">What finds the request in traces and logs.</param>
/// <param name="Route">The route; null when none matched.</param>
/// <param name="Pool">The pool; null without a route.</param>
/// <param name="Backend">Address of the backend that was tried last; null when there was none, or it is not to be told.</param>
/// <param name="Cause">What went wrong with it; null as above.</param>
/// <param name="RetryAfter">Whole seconds after which another try makes sense; null when nobody knows.</param>
internal sealed record ErrorAnswer(
    int Status,
    Refusal Reason,
    string Detail,
    string TraceId,
    string? Route,
    string? Pool,
    string? Backend,
    string? Cause,
    int? RetryAfter)
{
    /// <summary>The reason in a few words, the same for every request.</summary>
    public string Title { get; } = Reason switch
    {
        Refusal.NoBackend => "No healthy backend",
        Refusal.QueueFull or Refusal.QueueTimeout => "Backends at capacity",
        Refusal.NotConnected => "Backend not reachable",
        Refusal.Timeout => "Backend too slow",
        Refusal.BadAnswer => "Backend did not answer",
        Refusal.NoRoute => "No route",
        Refusal.RouteRemoved => "Route removed",
        Refusal.RouteFull or Refusal.RouteQueueTimeout => "Route at capacity",
        Refusal.BodyTooLarge => "Request body too large",
        Refusal.BadRequest => "Bad request",
        Refusal.MethodNotAllowed => "Method not allowed",
        Refusal.RateLimited => "Too many requests",
        Refusal.InternalError => "Error in the load balancer",
        _ => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(Status) is { Length: > 0 } phrase ? phrase : "Error",
    };
}
