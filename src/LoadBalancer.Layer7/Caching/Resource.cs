using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What is stored for one address on one route: an answer for each kind of request. Never changes.</summary>
internal sealed class Resource(CacheKey key, CachingRoute route, ImmutableArray<StoredAnswer> answers, long passUntil)
{
    public CacheKey Key => key;

    public CachingRoute Route => route;

    /// <summary>The newest first.</summary>
    public ImmutableArray<StoredAnswer> Answers => answers;

    /// <summary>Until when nobody waits for another's answer, since the last could not be shared; a timestamp.</summary>
    public long PassUntil => passUntil;

    /// <summary>Bytes that it takes.</summary>
    public long Size { get; } = 300 + (2 * key.Text.Length) + answers.Sum(answer => answer.Size);

    public StoredAnswer? Select(IHeaderDictionary request)
    {
        foreach (var answer in answers)
        {
            if (answer.Head.Matches(request))
            {
                return answer;
            }
        }

        return null;
    }
}
