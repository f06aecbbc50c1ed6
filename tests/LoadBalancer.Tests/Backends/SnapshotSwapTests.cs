using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Backends;

public sealed class SnapshotSwapTests
{
    public static TheoryData<SelectionPolicy> Kinds => [.. Enum.GetValues<SelectionPolicy>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Picks_see_one_published_set_whole_while_sets_are_swapped(SelectionPolicy kind)
    {
        const int Swaps = 3_000;
        int[][] sets = [[0, 1, 2], [3, 4], [2, 5, 6, 7, 8], [0]];
        var published = sets.Select(set => string.Join(',', Some.Addresses(set).Select(address => address.ToString()))).ToHashSet();
        var pool = Some.Pool(Some.Addresses(sets[0]));
        var policy = new CandidatesRecorder(SelectionPolicies.Create(kind));
        var picked = new ConcurrentDictionary<Backend, bool>();
        var swapping = true;

        var pickers = Enumerable.Range(0, 3).Select(number => Task.Run(() =>
        {
            var picks = 0;
            for (var i = number; Volatile.Read(ref swapping) || picks < 100; i++)
            {
                var backend = pool.Pick(policy, (ulong)i * 0x9E3779B97F4A7C15);
                Assert.NotNull(backend);
                picked.TryAdd(backend, true);
                picks++;
                pool.Release(backend);
            }

            return picks;
        })).ToArray();
        for (var i = 1; i <= Swaps; i++)
        {
            pool.SetMembers(Some.Addresses(sets[i % sets.Length]));
        }

        Volatile.Write(ref swapping, false);
        var picks = await Task.WhenAll(pickers);

        Assert.Empty(policy.Sets.Keys.Except(published));
        Assert.Equal(picks.Sum(), picked.Keys.Sum(backend => backend.Picks));
        Assert.All(picked.Keys, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(Some.Addresses(sets[Swaps % sets.Length]).Select(address => address.ToString()), pool.Snapshot.Members.Select(backend => backend.Id));
    }

    /// <summary>Notes every set of candidates that it is asked to pick from.</summary>
    private sealed class CandidatesRecorder(ISelectionPolicy inner) : ISelectionPolicy
    {
        public ConcurrentDictionary<string, bool> Sets { get; } = new();

        public SelectionPolicy Kind => inner.Kind;

        public Backend Pick(Candidates candidates, in PickRequest request)
        {
            Sets.TryAdd(string.Join(',', candidates.Backends.ToArray().Select(backend => backend.Id)), true);
            var picked = inner.Pick(candidates, request);
            Assert.True(candidates.Backends.Contains(picked));
            return picked;
        }
    }
}
