using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Selection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Support;

/// <summary>Makes what tests need many of.</summary>
internal static class Some
{
    // Who waits by the real clock shall not be refused because the machine is slow.
    public static readonly PoolOptions WithoutChecks = new() { HealthCheck = new() { Type = HealthCheckType.None }, QueueTimeout = TimeSpan.FromMinutes(5) };

    public static EndPoint Address(int number) => new IPEndPoint(IPAddress.Parse($"10.0.{number / 250}.{(number % 250) + 1}"), 5000);

    public static EndPoint[] Addresses(params int[] numbers) => [.. numbers.Select(Address)];

    public static Backend[] Backends(int count, params int[] weights) => [.. Enumerable.Range(0, count).Select(number =>
    {
        var address = Address(number);
        return new Backend(address, address.ToString()!, $"replica-{number}") { Weight = number < weights.Length ? weights[number] : 1, State = BackendState.Healthy };
    })];

    /// <summary>A set to pick from.</summary>
    public static Candidates Candidates(this Backend[] backends, int hashTableSize = 65_537) => new(backends, hashTableSize);

    /// <summary>A policy's first pick.</summary>
    public static Backend Pick(this ISelectionPolicy policy, Candidates candidates, ulong key = 0) => policy.Pick(candidates, new PickRequest(key));

    /// <summary>A pool without health checks, so that members can be picked at once.</summary>
    public static BackendPool Pool(params EndPoint[] addresses)
    {
        var pool = new BackendPool("catalog", "http://catalog", WithoutChecks, NullLogger.Instance);
        pool.SetMembers(addresses);
        return pool;
    }

    /// <summary>A pool of as many backends as wanted, with options of its own and no health checks.</summary>
    public static BackendPool Pool(int count, Func<PoolOptions, PoolOptions> options, TimeProvider? time = null, ILogger? logger = null)
    {
        var pool = new BackendPool("catalog", "http://catalog", options(WithoutChecks with { Backends = [] }), logger ?? NullLogger.Instance, time);
        pool.SetMembers(Addresses([.. Enumerable.Range(0, count)]));
        return pool;
    }

    public static void Busy(this Backend backend, int active)
    {
        for (var i = 0; i < active; i++)
        {
            backend.TryAcquire();
        }
    }

    public static Dictionary<Backend, int> Counts(this IEnumerable<Backend> picks) => picks.CountBy(backend => backend).ToDictionary();
}
