using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What a cache knows of an answer when its head has come: fields, freshness, validators.</summary>
internal sealed class AnswerHead
{
    private Stamp? _stamp;

    public required int Status { get; init; }

    /// <summary>The fields that are stored; without length, age and what concerns one connection.</summary>
    public required KeyValuePair<string, StringValues>[] Fields { get; init; }

    /// <summary>Which requests it is for; empty for all.</summary>
    public required VaryField[] Vary { get; init; }

    public required string[] Tags { get; init; }

    public required string? ETag { get; init; }

    /// <summary>As the backend wrote it; null where it is missing.</summary>
    public required string? LastModified { get; init; }

    public required DateTimeOffset Date { get; init; }

    /// <summary>When it came, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public required long ReceivedAt { get; init; }

    /// <summary>Seconds that it was old when it came (RFC 9111 section 4.2.3).</summary>
    public required double InitialAge { get; init; }

    /// <summary>Seconds from its origin for which it is fresh.</summary>
    public required double Lifetime { get; init; }

    /// <summary>Whether the backend is asked before every use.</summary>
    public required bool NoCache { get; init; }

    /// <summary>Whether it must not be used stale, whatever a request allows.</summary>
    public required bool MustRevalidate { get; init; }

    /// <summary>Whether requests with credentials may share it (RFC 9111 section 3.5).</summary>
    public required bool AllowsAuthorization { get; init; }

    /// <summary>Seconds behind its lifetime for which it is used while it is asked for anew (RFC 5861 section 3).</summary>
    public required int StaleWhileRevalidate { get; init; }

    /// <summary>Seconds behind its lifetime for which it is used when the backend fails (RFC 5861 section 4).</summary>
    public required int StaleIfError { get; init; }

    public bool HasValidator => ETag is not null || LastModified is not null;

    /// <summary>Whether another request can use it without asking; if not, requests do not wait for each other.</summary>
    public bool CanBeShared => !NoCache && Lifetime > InitialAge;

    public double AgeAt(long now, TimeProvider time) => InitialAge + time.GetElapsedTime(ReceivedAt, now).TotalSeconds;

    /// <summary>Seconds that are left, as <c>Age</c> counts them.</summary>
    public long TtlAt(double age) => (long)Lifetime - (long)age;

    public bool Matches(IHeaderDictionary request)
    {
        foreach (var field in Vary)
        {
            if (!field.Matches(request))
            {
                return false;
            }
        }

        return true;
    }

    public bool IsSameVariantAs(AnswerHead other)
    {
        if (Vary.Length != other.Vary.Length)
        {
            return false;
        }

        for (var i = 0; i < Vary.Length; i++)
        {
            if (!Vary[i].Equals(other.Vary[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The fields that differ from second to second; written once a second, not once a request.</summary>
    public Stamp StampAt(double age, CacheStatusText status)
    {
        var seconds = (long)age;
        if (_stamp is not { } stamp || stamp.Seconds != seconds)
        {
            _stamp = stamp = new Stamp(seconds, CacheStatusText.AfterOthers(this, status.Hit(TtlAt(age))));
        }

        return stamp;
    }

    /// <summary>Bytes that it takes, about.</summary>
    public long Size
    {
        get
        {
            const int PerObject = 400;
            const int PerField = 64;
            long size = PerObject;
            foreach (var (name, value) in Fields)
            {
                size += PerField + (2 * (name.Length + value.ToString().Length));
            }

            return size;
        }
    }
}
