namespace LoadBalancer.Layer7.Caching;

/// <summary>The rules for using a stored answer (RFC 9111 sections 4.2 and 5.2.1, RFC 5861).</summary>
internal static class Freshness
{
    /// <summary>Whether an answer does for a request.</summary>
    /// <param name="head">The answer.</param>
    /// <param name="age">Its age in seconds.</param>
    /// <param name="request">The request's directives.</param>
    public static Judgement Judge(AnswerHead head, double age, in CacheControl request)
    {
        var left = head.Lifetime - age;
        if (head.NoCache)
        {
            return Judgement.Stale;
        }

        if (request.NoCache || age > request.MaxAge || left < request.MinFresh)
        {
            return Judgement.RequestAsks;
        }

        if (left > 0)
        {
            return Judgement.Fresh;
        }

        if (!head.MustRevalidate && request.MaxStale is { } stale && -left <= stale)
        {
            return Judgement.StaleAllowed;
        }

        return -left < head.StaleWhileRevalidate ? Judgement.StaleWhileRevalidate : Judgement.Stale;
    }

    /// <summary>Whether an answer does where the backend fails (RFC 5861 section 4).</summary>
    public static bool MayReplaceError(AnswerHead head, double age, in CacheControl request)
    {
        var window = head.MustRevalidate ? 0 : Math.Max(head.StaleIfError, request.StaleIfError ?? 0);
        return !head.NoCache && window > 0 && age - head.Lifetime < window;
    }
}
