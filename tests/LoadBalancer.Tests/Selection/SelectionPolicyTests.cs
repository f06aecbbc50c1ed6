using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

/// <summary>What holds for every policy.</summary>
public sealed class SelectionPolicyTests
{
    public static TheoryData<SelectionPolicy> Kinds => [.. Enum.GetValues<SelectionPolicy>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_policy_is_made_by_its_name_and_has_state_of_its_own(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);

        Assert.Equal(kind, policy.Kind);
        Assert.NotSame(policy, SelectionPolicies.Create(kind));
    }

    [Fact]
    public void A_policy_that_does_not_exist_is_refused_with_those_that_do()
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => SelectionPolicies.Create((SelectionPolicy)99));
        Assert.Contains("RoundRobin, LeastConnections, PowerOfTwoChoices, SourceHash", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_backend_is_picked_always(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var backends = Some.Backends(1);
        backends[0].Busy(1000);

        Assert.All(Enumerable.Range(0, 100), i => Assert.Same(backends[0], policy.Pick(backends, (ulong)i)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_backend_is_picked_by_some_client(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var backends = Some.Backends(10);

        Assert.Equal(10, Enumerable.Range(0, 1_000).Select(i => policy.Pick(backends, (ulong)i * 0x9E3779B97F4A7C15)).Counts().Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Picks_of_many_threads_from_sets_of_every_size_stay_within_the_set(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var backends = Some.Backends(16);

        Parallel.For(0, 50_000, i =>
        {
            var candidates = backends.AsSpan(i % 5, (i % 11) + 1);
            var picked = policy.Pick(candidates, (ulong)i * 0x9E3779B97F4A7C15);
            if (!candidates.Contains(picked))
            {
                Assert.Fail($"{picked} is none of the {candidates.Length} candidates.");
            }

            picked.Acquire();
            picked.Release();
        });

        Assert.All(backends, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(50_000, backends.Sum(backend => backend.Picks));
    }
}
