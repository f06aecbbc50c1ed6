using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer4.Tests.Nat;

public sealed class NatSlotsTests
{
    [Fact]
    public void In_turn_starts_with_another_backend_each_turn()
    {
        var backends = Backends(1, 1, 1);

        Assert.Equal([0, 1, 2], Indexes(0));
        Assert.Equal([1, 2, 0], Indexes(1));
        Assert.Equal([2, 0, 1], Indexes(5));
        Assert.Empty(NatSlots.Of(NatPick.InTurn, [], 3));

        int[] Indexes(int turn) => [.. NatSlots.Of(NatPick.InTurn, backends, turn).Select(backend => Array.IndexOf(backends, backend))];
    }

    [Fact]
    public void Hashed_slots_follow_the_weights_and_a_backend_that_goes_gives_up_its_own_only()
    {
        var backends = Backends(1, 1, 2);

        var before = NatSlots.Of(NatPick.ByClient, backends, 0);
        var after = NatSlots.Of(NatPick.ByClient, backends[1..], 7);

        Assert.Equal(before.Count, after.Count);
        Assert.All(before.Zip(after).Where(pair => pair.First != backends[0]), pair => Assert.Same(pair.First, pair.Second));
        Assert.InRange(before.Count(backend => backend == backends[2]), 0.45 * before.Count, 0.55 * before.Count);
        Assert.InRange(before.Count(backend => backend == backends[0]), 0.2 * before.Count, 0.3 * before.Count);
    }

    [Theory]
    [InlineData(SelectionPolicy.LeastConnections)]
    [InlineData(SelectionPolicy.PowerOfTwoChoices)]
    public void The_kernel_cannot_follow_loads(SelectionPolicy policy) => Assert.Null(NatSlots.PickOf(policy));

    private static Backend[] Backends(params int[] weights)
    {
        var options = new PoolOptions { HealthCheck = new() { Type = HealthCheckType.None } };
        foreach (var (index, weight) in weights.Index())
        {
            options.Backends[$"b{index}"] = new() { Address = $"10.0.0.{index}:80", Weight = weight };
        }

        var pool = new BackendPool("p", "tcp://p", options, NullLogger.Instance);
        pool.SetMembers(weights.Index().Select(item => new IPEndPoint(IPAddress.Parse($"10.0.0.{item.Index}"), 80)));
        return pool.Snapshot.Available.ToArray();
    }
}
