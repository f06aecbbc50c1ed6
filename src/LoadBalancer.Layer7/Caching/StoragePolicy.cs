using System.Collections.Frozen;
using System.Globalization;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// What may be stored (RFC 9111 section 3), and for how long it is fresh (section 4.2), in a cache that many clients
/// share. Answers that set a cookie are not stored, although the RFC would allow it: they would give one client's
/// cookie to all.
/// </summary>
internal sealed class StoragePolicy(TimeProvider time)
{
    private const double HeuristicFraction = 0.1;
    private const double LongestHeuristic = 86_400;

    /// <summary>Fields that belong to a connection, or that are written anew with each use (RFC 9111 section 3.1).</summary>
    private static readonly FrozenSet<string> NeverStored = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Connection",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Age", "Content-Length", "Set-Cookie", CacheTags.HeaderName);

    /// <summary>Fields that describe the stored bytes and that a 304 therefore leaves alone (RFC 9111 section 3.2).</summary>
    private static readonly FrozenSet<string> NeverUpdated = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Content-Length", "Content-Encoding", "Content-Range");

    /// <summary>The head of an answer that may be stored; null for one that may not, or that nobody could use again.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="headers">The answer's fields.</param>
    /// <param name="tags">Tags of the answer.</param>
    public AnswerHead? Examine(Exchange exchange, int status, IHeaderDictionary headers, string[] tags)
    {
        var control = CacheControl.Parse(headers.CacheControl);
        if (exchange.NoStore || !MayBeStored(exchange, status, headers, control))
        {
            return null;
        }

        var now = time.GetUtcNow();
        var receivedAt = time.GetTimestamp();
        // To the second, as the backend's is: what is left would make every answer look up to a second old.
        var second = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var date = HttpDate.Parse(headers.Date) ?? second;
        var age = HeaderList.TryReadSeconds(FirstMember(headers.Age), out var seconds) ? seconds : 0;
        var initialAge = Math.Max((second - date).TotalSeconds, age + time.GetElapsedTime(exchange.StartedAt, receivedAt).TotalSeconds);
        var lastModified = HttpDate.Parse(headers.LastModified);
        var lifetime = FixedLifetime(exchange.Route.Cache, status, initialAge) ?? StatedLifetime(control, headers, date);
        if (lifetime is null && !control.Public && !HasHeuristicFreshness(status))
        {
            return null;
        }

        lifetime ??= HeuristicLifetime(exchange, date, lastModified);
        var head = new AnswerHead
        {
            Status = status,
            Fields = Fields(headers, control, date),
            Vary = [.. exchange.Route.VaryBy.Concat(HeaderList.Members(headers.Vary)).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Select(name => new VaryField(name, exchange.RequestHeaders))],
            Tags = tags,
            ETag = headers.ETag.Count == 1 ? headers.ETag[0] : null,
            LastModified = lastModified is null ? null : headers.LastModified[0],
            Date = date,
            ReceivedAt = receivedAt,
            InitialAge = initialAge,
            Lifetime = lifetime ?? 0,
            NoCache = control.NoCache,
            // s-maxage forbids stale answers too (RFC 9111 section 5.2.2.10), save those that the same answer allows.
            MustRevalidate = control.ForbidsStale || (control.SharedMaxAge is not null && control.StaleWhileRevalidate is null && control.StaleIfError is null),
            AllowsAuthorization = AllowsAuthorization(control),
            StaleWhileRevalidate = control.ForbidsStale ? 0 : control.StaleWhileRevalidate ?? 0,
            StaleIfError = control.ForbidsStale ? 0 : control.StaleIfError ?? 0,
        };
        // An error is not worth being confirmed, and must not take the place of what was before it.
        var isOfUse = head.CanBeShared
            || (status < StatusCodes.Status500InternalServerError && (head.HasValidator || head.StaleWhileRevalidate > 0 || head.StaleIfError > 0));
        // Without a word on caching, the answer to a request with a cookie is taken to be for that client.
        return isOfUse && (lifetime is not null || !exchange.HasCookie) ? head : null;
    }

    /// <summary>What a 304 makes of a stored answer (RFC 9111 section 4.3.4); null when it may not be stored any more.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="stored">The answer that was confirmed.</param>
    /// <param name="update">The fields of the 304, or of an answer to HEAD.</param>
    /// <param name="tags">Tags of the 304; where there are none, those that are stored stay.</param>
    public AnswerHead? Update(Exchange exchange, AnswerHead stored, IHeaderDictionary update, string[] tags)
    {
        var merged = new HeaderDictionary(stored.Fields.Length + update.Count);
        foreach (var (name, value) in stored.Fields)
        {
            merged[name] = value;
        }

        // Of old the answer is, but not this confirmation.
        merged.Remove("Date");
        foreach (var (name, value) in update)
        {
            if (!NeverUpdated.Contains(name))
            {
                merged[name] = value;
            }
        }

        return Examine(exchange, stored.Status, merged, tags.Length > exchange.Route.Cache.Tags.Length ? tags : stored.Tags);
    }

    private static bool MayBeStored(Exchange exchange, int status, IHeaderDictionary headers, in CacheControl control)
    {
        // A part is no answer, and 304 none of its own.
        if (status is < 200 or StatusCodes.Status206PartialContent or StatusCodes.Status304NotModified || control.Private)
        {
            return false;
        }

        if (control.MustUnderstand ? !IsUnderstood(status) : control.NoStore)
        {
            return false;
        }

        return (!exchange.HasAuthorization || AllowsAuthorization(control))
            && !SetsCookie(exchange.Route, headers.SetCookie, control)
            && !HeaderList.Members(headers.Vary).Contains("*", StringComparer.Ordinal)
            && !headers.ContentType.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
    }

    private static bool SetsCookie(CachingRoute route, StringValues cookies, in CacheControl control) =>
        cookies.Any(cookie => !route.IsOwnCookie(cookie)) && control.WithheldFields?.Contains("Set-Cookie", StringComparer.OrdinalIgnoreCase) is not true;

    private static bool AllowsAuthorization(in CacheControl control) => control.Public || control.MustRevalidate || control.SharedMaxAge is not null;

    private static double? FixedLifetime(RouteCacheOptions options, int status, double initialAge) =>
        options.Duration is { } duration && status is StatusCodes.Status200OK or StatusCodes.Status203NonAuthoritative or StatusCodes.Status204NoContent
            ? initialAge + duration.TotalSeconds
            : null;

    private static double? StatedLifetime(in CacheControl control, IHeaderDictionary headers, DateTimeOffset date) =>
        (control.SharedMaxAge ?? control.MaxAge) is { } seconds ? seconds
        : headers.Expires.Count == 0 ? null
        : HttpDate.Parse(headers.Expires) is { } expires ? Math.Max(0, (expires - date).TotalSeconds)
        : 0;

    private static double? HeuristicLifetime(Exchange exchange, DateTimeOffset date, DateTimeOffset? lastModified) =>
        lastModified is { } modified && modified < date && !exchange.HasCookie
            ? Math.Min((date - modified).TotalSeconds * HeuristicFraction, LongestHeuristic)
            : null;

    // RFC 9110 section 15.1.
    private static bool HasHeuristicFreshness(int status) => status is 200 or 203 or 204 or 300 or 301 or 308 or 404 or 405 or 410 or 414 or 501;

    private static bool IsUnderstood(int status) => status is (>= 200 and <= 204) or (>= 300 and <= 303) or 307 or 308 or (>= 400 and <= 417) or (>= 421 and <= 431) or 451 or (>= 500 and <= 505);

    private static ReadOnlySpan<char> FirstMember(StringValues lines)
    {
        ReadOnlySpan<char> line = lines.Count == 0 ? null : lines[0];
        return line[..HeaderList.EndOfMember(line)].Trim();
    }

    private static KeyValuePair<string, StringValues>[] Fields(IHeaderDictionary headers, CacheControl control, DateTimeOffset date)
    {
        var fields = new List<KeyValuePair<string, StringValues>>(headers.Count + 1);
        string[] ofConnection = [.. HeaderList.Members(headers.Connection)];
        foreach (var field in headers)
        {
            if (!NeverStored.Contains(field.Key)
                && !ofConnection.Contains(field.Key, StringComparer.OrdinalIgnoreCase)
                && control.WithheldFields?.Contains(field.Key, StringComparer.OrdinalIgnoreCase) is not true)
            {
                fields.Add(field);
            }
        }

        if (headers.Date.Count == 0)
        {
            fields.Add(new("Date", date.ToString("R", CultureInfo.InvariantCulture)));
        }

        return [.. fields];
    }
}
