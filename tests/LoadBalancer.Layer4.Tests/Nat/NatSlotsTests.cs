using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer4.Tests.Nat;

public sealed class NatSlotsTests
{
    [Fact]
    public void In_turn_starts_with_another_slot_each_turn()
    {
        Assert.Equal([0, 1, 2], Slots(SelectionPolicy.RoundRobin, Targets(1, 1, 1), 0));
        Assert.Equal([1, 2, 0], Slots(SelectionPolicy.RoundRobin, Targets(9, 1, 1), 1));
        Assert.Equal([2, 0, 1], Slots(SelectionPolicy.RoundRobin, Targets(1, 1, 1), 5));
        Assert.Empty(NatSlots.Of(SelectionPolicy.RoundRobin, [], 3));
    }

    [Theory]
    [InlineData(new[] { 5, 1, 1 }, new[] { 0, 0, 1, 0, 2, 0, 0 })]
    [InlineData(new[] { 100, 50, 50 }, new[] { 0, 1, 2, 0 })]
    [InlineData(new[] { 256 }, new[] { 0 })]
    public void Weighted_turns_are_spread_out(int[] weights, int[] expected) =>
        Assert.Equal(expected, Slots(SelectionPolicy.WeightedRoundRobin, Targets(weights), 0));

    [Fact]
    public void At_random_a_backend_has_as_many_slots_as_its_weight() =>
        Assert.Equal([0, 0, 0, 1], Slots(SelectionPolicy.Random, Targets(6, 2), 3));

    [Fact]
    public void Hashed_slots_follow_the_weights_and_a_backend_that_goes_gives_up_its_own_only()
    {
        var targets = Targets(1, 1, 2);

        var before = NatSlots.Of(SelectionPolicy.SourceHash, targets, 0);
        var after = NatSlots.Of(SelectionPolicy.SourceHash, targets[1..], 7);

        Assert.Equal(before.Count, after.Count);
        Assert.All(before.Zip(after).Where(pair => pair.First != targets[0]), pair => Assert.Same(pair.First, pair.Second));
        Assert.InRange(before.Count(target => target == targets[2]), 0.45 * before.Count, 0.55 * before.Count);
        Assert.InRange(before.Count(target => target == targets[0]), 0.2 * before.Count, 0.3 * before.Count);
    }

    private static int[] Slots(SelectionPolicy policy, NatTarget[] targets, int turn) =>
        [.. NatSlots.Of(policy, targets, turn).Select(target => Array.IndexOf(targets, target))];

    private static NatTarget[] Targets(params int[] weights)
    {
        var options = new PoolOptions { HealthCheck = new() { Type = HealthCheckType.None } };
        foreach (var (index, weight) in weights.Index())
        {
            options.Backends[$"b{index}"] = new() { Address = $"10.0.0.{index}:80", Weight = weight };
        }

        var pool = new BackendPool("p", "tcp://p", options, NullLogger.Instance);
        pool.SetMembers(weights.Index().Select(item => new IPEndPoint(IPAddress.Parse($"10.0.0.{item.Index}"), 80)));
        return [.. pool.Snapshot.Available.ToArray().Select(backend => new NatTarget(backend, (IPEndPoint)backend.EndPoint))];
    }
}
