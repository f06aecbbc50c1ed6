using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Micro;

/// <summary>Pools whose backends can all be picked.</summary>
internal static class TestPool
{
    private const int FirstPort = 20000;

    public static BackendPool Create(int backends, SelectionPolicy policy = SelectionPolicy.RoundRobin)
    {
        var options = new PoolOptions { Policy = policy, HealthCheck = new() { Type = HealthCheckType.None } };
        var pool = new BackendPool("pool", "http://pool", options, NullLogger.Instance);
        pool.SetMembers(Addresses(backends));
        return pool;
    }

    public static IPEndPoint[] Addresses(int count) =>
        [.. Enumerable.Range(FirstPort, count).Select(port => new IPEndPoint(IPAddress.Loopback, port))];
}
