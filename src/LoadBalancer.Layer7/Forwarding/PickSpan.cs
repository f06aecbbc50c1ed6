using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>The span of a pick: which backend, out of how many, and why. It lasts as long as the request waits for one.</summary>
internal static class PickSpan
{
    private const string Name = "pick";

    /// <summary>Begins it below the request's server span.</summary>
    /// <returns>The span; null when nobody listens, or the request is not sampled.</returns>
    public static Activity? Start() => LoadBalancerTelemetry.Source.StartActivity(Name);

    /// <summary>Begins that of a further pick, beside the span of the attempt that it follows.</summary>
    public static Activity? StartAfter(Attempt attempt) =>
        LoadBalancerTelemetry.Source.StartActivity(Name, ActivityKind.Internal, attempt.Span?.Parent?.Context ?? default);

    /// <summary>Says what came of it.</summary>
    /// <param name="span">The span.</param>
    /// <param name="request">The request.</param>
    /// <param name="result">What was picked.</param>
    /// <param name="tried">Backends that were excluded, since they were tried.</param>
    /// <param name="attempt">The attempt that it is for, from 1.</param>
    public static void Describe(Activity span, BalancedRequest request, PickResult result, int tried, int attempt)
    {
        if (!span.IsAllDataRequested)
        {
            return;
        }

        var (pool, policy, snapshot, backend) = (request.Pool, request.Route.PolicyFor(request.Pool).Kind, request.Pool.Snapshot, result.Backend);
        var candidates = snapshot.Candidates.Count;
        var isKept = request.Affinity == AffinityState.Kept;
        var reason = request.Affinity == AffinityState.Refused ? "the session's backend is gone, and the route wants no other"
            : backend is null ? PickReason.Of(result.Failure, tried)
            // The pick itself is counted already.
            : PickReason.Of(isKept ? null : policy, candidates, tried, Math.Max(0, backend.Active - 1), backend.Weight, snapshot.IsPanicking);
        span.SetTag(LoadBalancerTelemetry.RouteKey, request.Route.Name);
        span.SetTag(LoadBalancerTelemetry.PoolKey, pool.Name);
        span.SetTag(LoadBalancerTelemetry.PolicyKey, policy.ToString());
        span.SetTag(LoadBalancerTelemetry.CandidatesKey, candidates);
        span.SetTag(LoadBalancerTelemetry.AttemptKey, attempt);
        span.SetTag(LoadBalancerTelemetry.AffinityKey, SessionAffinity.NameOf(request.Affinity));
        span.SetTag(LoadBalancerTelemetry.CacheKey, CacheOf(request));
        span.SetTag(LoadBalancerTelemetry.ReasonKey, reason);
        span.SetTag(LoadBalancerTelemetry.BackendKey, backend?.Id);
        span.SetTag(LoadBalancerTelemetry.ReplicaKey, backend?.Name);
        if (backend is null)
        {
            span.SetStatus(ActivityStatusCode.Error, reason);
        }
    }

    // Whoever asks a backend has found nothing in memory that would do; more is known when it has answered.
    private static string CacheOf(BalancedRequest request) => AnswerCache.NameOf(
        request.Cache == CacheOutcome.None && request.Route.Options.Cache is not null ? CacheOutcome.Miss : request.Cache);
}
