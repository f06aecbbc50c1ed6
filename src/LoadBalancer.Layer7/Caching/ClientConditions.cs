using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What a client asks of an answer before it wants the body (RFC 9110 section 13).</summary>
internal readonly record struct ClientConditions(StringValues IfNoneMatch, StringValues IfModifiedSince, StringValues Range, StringValues IfRange)
{
    public static ClientConditions Of(IHeaderDictionary request) => new(request.IfNoneMatch, request.IfModifiedSince, request.Range, request.IfRange);

    /// <summary>Replaces what the client asks by what the cache wants to know: whether its own answer still holds.</summary>
    public static void Replace(IHeaderDictionary request, AnswerHead? stored)
    {
        request.IfNoneMatch = stored?.ETag is { } tag ? tag : StringValues.Empty;
        request.IfModifiedSince = stored?.LastModified is { } modified ? modified : StringValues.Empty;
        request.Range = StringValues.Empty;
        request.IfRange = StringValues.Empty;
    }

    public void Restore(IHeaderDictionary request)
    {
        request.IfNoneMatch = IfNoneMatch;
        request.IfModifiedSince = IfModifiedSince;
        request.Range = Range;
        request.IfRange = IfRange;
    }

    /// <summary>Whether the client has this answer already (RFC 9111 section 4.3.2).</summary>
    /// <param name="etag">Entity tag of the answer.</param>
    /// <param name="lastModified">Its <c>Last-Modified</c>, or else its <c>Date</c>.</param>
    public bool IsNotModified(string? etag, string? lastModified)
    {
        if (IfNoneMatch.Count > 0)
        {
            return EntityTag.MatchesWeakly(IfNoneMatch, etag);
        }

        return IfModifiedSince.Count > 0 && lastModified is not null
            && (IfModifiedSince == lastModified
                || (HttpDate.Parse(IfModifiedSince) is { } since && HttpDate.Parse(lastModified) is { } modified && modified <= since));
    }

    /// <summary>The range that the client wants of an answer with these validators; null for the whole.</summary>
    public RangeRequest? RangeOf(string? etag, string? lastModified, int size)
    {
        if (Range.Count == 0)
        {
            return null;
        }

        var isSame = IfRange.Count == 0
            || (IfRange.Count == 1 && (EntityTag.MatchesStrongly(IfRange[0], etag) || IfRange[0] == lastModified));
        return isSame ? RangeRequest.Parse(Range, size) : null;
    }
}
