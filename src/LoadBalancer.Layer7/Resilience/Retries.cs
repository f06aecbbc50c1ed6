using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>Decides whether a request may be sent again, to which backend, and after which pause.</summary>
internal static class Retries
{
    /// <summary>Bytes of the largest body that is kept so that it can be sent again.</summary>
    public const int MostKept = 64 * 1024;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Picks the backend of the next attempt after one that failed.</summary>
    /// <returns>The backend, counted as active; null when the request may not be sent again, or there is none.</returns>
    public static Backend? Next(Attempt attempt, AttemptResult result)
    {
        var request = attempt.Request;
        if (attempt.Number >= request.Route.Options.Retry.Attempts || attempt.Context.Response.HasStarted || attempt.Timeout == RouteTimeout.Total)
        {
            return null;
        }

        if (!attempt.RequestSent)
        {
            return IsUnread(request) ? attempt.PickAnother(request.Tried) : null;
        }

        // A connection may break at a backend that is well, when it was idle for too long or the process was replaced.
        // One that refuses or is slow is not asked again.
        var mayAskAgain = result == AttemptResult.Broken;
        return (mayAskAgain || (result == AttemptResult.TimedOut && HasOther(request, request.Tried))) && IsRepeatable(request) && TryTake(request)
            ? attempt.PickAnother(request.Tried) ?? (mayAskAgain ? attempt.PickAnother([]) : null) ?? GiveBack(request)
            : null;
    }

    /// <summary>Picks the backend of the next attempt in place of an answer that the route does not want.</summary>
    /// <returns>The backend, counted as active; null when the client gets the answer.</returns>
    public static Backend? InPlaceOfAnswer(Attempt attempt)
    {
        var request = attempt.Request;
        Backend[] tried = [.. request.Tried, attempt.Backend];
        return attempt.Number < request.Route.Options.Retry.Attempts && !attempt.IsUpgraded && request.TimeLeft is not { Ticks: <= 0 }
            && IsRepeatable(request) && HasOther(request, tried) && TryTake(request)
            ? attempt.PickAnother(tried) ?? GiveBack(request)
            : null;
    }

    /// <summary>Whether the route would rather have another answer than one with this status.</summary>
    public static bool IsRetried(RetryOptions options, int status) => options.Statuses.Length > 0 && Array.IndexOf(options.Statuses, status) >= 0;

    /// <summary>The pause before the next attempt: up to the route's back-off, twice as much each time (full jitter).</summary>
    public static TimeSpan PauseAfter(Attempt attempt)
    {
        // That one backend cannot be connected is no reason to spare another.
        if (!attempt.RequestSent)
        {
            return TimeSpan.Zero;
        }

        var longest = attempt.Request.Route.Options.Retry.BackOff * (1 << (attempt.Number - 1));
        return Random.Shared.NextDouble() * (longest < LongestPause ? longest : LongestPause);
    }

    private static bool IsRepeatable(BalancedRequest request) =>
        request.IsIdempotent && (!request.HasBody || request.Body is { CanReplay: true });

    // One whose body was begun to be read without being kept cannot go anywhere.
    private static bool IsUnread(BalancedRequest request) => request.Body is null or { CanReplay: true };

    // Asked first, so that the budget is not said to be at an end where there is nobody to ask.
    private static bool HasOther(BalancedRequest request, Backend[] tried) => request.Pool.Snapshot.Available.ContainsAnyExcept(tried);

    private static bool TryTake(BalancedRequest request)
    {
        if (request.Route.Budget.TryTake(request.Route.Options.Retry.Budget))
        {
            return true;
        }

        request.Route.Resilience.RecordRefusedRetry();
        return false;
    }

    private static Backend? GiveBack(BalancedRequest request)
    {
        request.Route.Budget.GiveBack();
        return null;
    }
}
