namespace LoadBalancer.Layer7.Caching;

/// <summary>What memory says to a request.</summary>
/// <param name="Key">The request's key.</param>
/// <param name="Route">Its route.</param>
/// <param name="Control">Its directives.</param>
/// <param name="Resource">What is stored for the address.</param>
/// <param name="Answer">The one that is for such requests.</param>
/// <param name="Judgement">Whether it does.</param>
internal sealed record Lookup(CacheKey Key, CachingRoute Route, CacheControl Control, Resource? Resource, StoredAnswer? Answer, Judgement Judgement)
{
    /// <summary>Why a backend is asked.</summary>
    public ForwardReason Reason =>
        Answer is not null ? Judgement == Judgement.RequestAsks ? ForwardReason.Request : ForwardReason.Stale
        : Resource is { Answers.IsEmpty: false } ? ForwardReason.Vary
        : ForwardReason.Uri;
}
