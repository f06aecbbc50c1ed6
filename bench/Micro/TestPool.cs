using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Micro;

/// <summary>Pools whose backends can all be picked, with weights from 1 to 4.</summary>
internal static class TestPool
{
    private const int FirstPort = 20000;

    public static BackendPool Create(int backends, SelectionPolicy policy = SelectionPolicy.RoundRobin)
    {
        var options = new PoolOptions { Policy = policy, HealthCheck = new() { Type = HealthCheckType.None } };
        foreach (var (number, address) in Addresses(backends).Index())
        {
            options.Backends[$"backend-{number}"] = new() { Address = address.ToString(), Weight = (number % 4) + 1 };
        }

        var pool = new BackendPool("pool", "http://pool", options, NullLogger.Instance);
        pool.SetMembers(Addresses(backends));
        return pool;
    }

    public static IPEndPoint[] Addresses(int count) =>
        [.. Enumerable.Range(FirstPort, count).Select(port => new IPEndPoint(IPAddress.Loopback, port))];
}
