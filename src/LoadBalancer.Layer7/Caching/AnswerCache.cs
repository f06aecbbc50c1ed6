using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Caching;

/// <summary>The answers that all caching routes keep, what is under way to them, and the figures.</summary>
internal sealed class AnswerCache : IDisposable
{
    private static readonly Counter<long> Requests =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.cache.requests", "{request}", "Requests on caching routes, by route and what the cache did.");

    private readonly TimeProvider _time;
    private readonly long[] _outcomes = new long[Enum.GetValues<CacheOutcome>().Length];
    private long _evictionsNotCounted;
    private volatile FrozenDictionary<string, CachingRoute> _routes = FrozenDictionary<string, CachingRoute>.Empty;
    private Dictionary<string, string> _descriptions = new(StringComparer.OrdinalIgnoreCase);
    private volatile AnswerStore _store;
    private int _lastId;
    private long _evictionsBefore;

    public AnswerCache(TimeProvider time)
    {
        _time = time;
        Policy = new StoragePolicy(time);
        _store = new AnswerStore(new Layer7CacheOptions().MaxSize, time);
        LoadBalancerTelemetry.Meter.CreateObservableUpDownCounter("lb.cache.size", () => _store.Size, "By", "Bytes of stored answers.");
        LoadBalancerTelemetry.Meter.CreateObservableUpDownCounter("lb.cache.entries", () => _store.All.Sum(resource => resource.Answers.Length), "{answer}", "Stored answers.");
        LoadBalancerTelemetry.Meter.CreateObservableCounter("lb.cache.evictions", () => Evictions, "{answer}", "Answers that had to go for others.");
    }

    public TimeProvider Time => _time;

    public StoragePolicy Policy { get; }

    public AnswerStore Store => _store;

    /// <summary>Bytes of the largest answer that is stored.</summary>
    public int MostBytes { get; private set; } = new Layer7CacheOptions().MaxEntrySize;

    /// <summary>What is being fetched and can be waited for, by key and kind of request.</summary>
    public ConcurrentDictionary<string, Fill> UnderWay { get; } = new(StringComparer.Ordinal);

    public CacheStatusText StatusText { get; private set; } = new(new LoadBalancerOptions().Name);

    /// <summary>Whether any route keeps answers.</summary>
    public bool IsUsed => _routes.Count > 0;

    /// <summary>The routes that keep answers.</summary>
    public IReadOnlyList<string> RouteNames => [.. _routes.Values.Select(route => route.Name).Order(StringComparer.Ordinal)];

    private long Evictions => Volatile.Read(ref _evictionsBefore) + _store.Evictions;

    /// <summary>Takes routes. What a changed route stored is removed, since it may have come from elsewhere.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="configured">What YARP was told of the routes.</param>
    public void Apply(LoadBalancerOptions options, IReadOnlyList<RouteConfig> configured)
    {
        var (before, described) = (_routes, _descriptions);
        var routes = new Dictionary<string, CachingRoute>(StringComparer.OrdinalIgnoreCase);
        _descriptions = new(StringComparer.OrdinalIgnoreCase);
        foreach (var config in configured)
        {
            var (name, route) = (config.RouteId, options.Layer7.Routes[config.RouteId]);
            if (route.Cache is null)
            {
                continue;
            }

            // The same name may have come to mean another service.
            var description = $"{options.ServiceOf(route.Pool!)}\n{JsonSerializer.Serialize(route, ConfigurationJsonContext.Default.RouteOptions)}";
            _descriptions[name] = description;
            var same = before.GetValueOrDefault(name) is { } known && described[name] == description ? known : null;
            routes[name] = new CachingRoute(same?.Id ?? ++_lastId, name, route, config, same);
        }

        StatusText = new CacheStatusText(options.Name);
        MostBytes = Math.Min(options.Layer7.Cache.MaxEntrySize, options.Layer7.Cache.MaxSize - AnswerStore.RoomForKey);
        _routes = routes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        if (_store.MaxSize != options.Layer7.Cache.MaxSize)
        {
            Volatile.Write(ref _evictionsBefore, Evictions);
            _store = new AnswerStore(options.Layer7.Cache.MaxSize, _time);
        }
        else if (before.Values.Any(route => routes.GetValueOrDefault(route.Name)?.Id != route.Id))
        {
            _store.Purge((resource, _) => routes.GetValueOrDefault(resource.Route.Name)?.Id != resource.Route.Id);
        }
    }

    /// <summary>How the route of a request keeps answers; null when it does not, or when a reload is just under way.</summary>
    public CachingRoute? Find(HttpContext context, BalancedRequest request) =>
        request.Route.Options.Cache is not null
        && _routes.TryGetValue(request.Route.Name, out var route) && ReferenceEquals(route.Options, request.Route.Options)
        && RouteTable.ModelOf(context) is { } model && route.IsFollowedBy(model.Config)
            ? route
            : null;

    /// <summary>Removes what is stored for an address, on every route.</summary>
    public void Invalidate(HttpRequest request)
    {
        foreach (var prefix in _routes.Values.SelectMany(route => route.KeyPrefixes))
        {
            Invalidate(CacheKey.Of(request, prefix));
        }
    }

    /// <inheritdoc cref="Invalidate(HttpRequest)"/>
    public void Invalidate(Uri address)
    {
        foreach (var prefix in _routes.Values.SelectMany(route => route.KeyPrefixes))
        {
            Invalidate(CacheKey.Of(address, prefix));
        }
    }

    /// <summary>Counts what became of a request.</summary>
    public void Record(BalancedRequest request, CacheOutcome outcome)
    {
        request.Cache = outcome;
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        if (outcome is CacheOutcome.Hit or CacheOutcome.Stale or CacheOutcome.Collapsed)
        {
            request.Route.RecordCacheHit();
        }

        if (Requests.Enabled)
        {
            Requests.Add(1, new(LoadBalancerTelemetry.RouteKey, request.Route.Name), new(LoadBalancerTelemetry.CacheKey, NameOf(outcome)));
        }
    }

    /// <summary>What is stored, the most used first.</summary>
    public IEnumerable<CachedAnswer> List(CacheFilter filter)
    {
        var now = _time.GetTimestamp();
        return _store.All
            .SelectMany(resource => resource.Answers.Where(answer => filter.Matches(resource, answer)).Select(answer => Describe(resource, answer, now)))
            .OrderByDescending(answer => answer.Hits)
            .ThenBy(answer => answer.Url, StringComparer.Ordinal);
    }

    /// <summary>Removes what is stored.</summary>
    /// <returns>How many answers there were.</returns>
    public int Purge(CacheFilter filter)
    {
        UnderWay.Clear();
        return _store.Purge(filter.Matches);
    }

    public CacheStatistics GetStatistics() => new(
        _store.All.Sum(resource => resource.Answers.Length),
        _store.Size,
        _store.MaxSize,
        Count(CacheOutcome.Hit),
        Count(CacheOutcome.Stale),
        Count(CacheOutcome.Collapsed),
        Count(CacheOutcome.Revalidated),
        Count(CacheOutcome.Miss),
        Count(CacheOutcome.Bypass),
        Evictions - Volatile.Read(ref _evictionsNotCounted));

    /// <summary>Begins to count anew. What is stored stays, with its hits; telemetry goes on.</summary>
    public void ResetStatistics()
    {
        Array.Clear(_outcomes);
        Volatile.Write(ref _evictionsNotCounted, Evictions);
    }

    public void Dispose() => _store.Dispose();

    // Whoever asks from now on must not wait for an answer of before either.
    private void Invalidate(CacheKey key)
    {
        foreach (var (slot, fill) in UnderWay)
        {
            if (key.IsOf(slot))
            {
                UnderWay.TryRemove(new(slot, fill));
            }
        }

        _store.Invalidate(key);
    }

    /// <summary>An outcome as spans and metrics say it.</summary>
    public static string NameOf(CacheOutcome outcome) => outcome switch
    {
        CacheOutcome.None => "none",
        CacheOutcome.Hit => "hit",
        CacheOutcome.Stale => "stale",
        CacheOutcome.Collapsed => "collapsed",
        CacheOutcome.Revalidated => "revalidated",
        CacheOutcome.Bypass => "bypass",
        _ => "miss",
    };

    private long Count(CacheOutcome outcome) => Volatile.Read(ref _outcomes[(int)outcome]);

    private CachedAnswer Describe(Resource resource, StoredAnswer answer, long now)
    {
        var age = answer.Head.AgeAt(now, _time);
        return new(
            resource.Key.Url,
            resource.Route.Name,
            answer.Head.Status,
            [.. answer.Head.Vary.Select(field => $"{field.Name}: {field.Value}")],
            answer.Size,
            answer.Hits.Value,
            Math.Round(age, 1),
            Math.Round(answer.Head.NoCache ? Math.Min(0, answer.Head.Lifetime - age) : answer.Head.Lifetime - age, 1),
            answer.Head.HasValidator,
            answer.Head.Tags);
    }
}
