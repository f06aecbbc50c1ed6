using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Selection;

public sealed class SourceAffinityTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_client_keeps_its_backend_when_others_come()
    {
        var affinity = Affinity();
        var pool = Some.Pool(Some.Addresses(0, 1));
        var clients = Enumerable.Range(0, 100).Select(i => (Key: (ulong)i, Backend: pool.Pick(pool.Policy, 0)!)).ToArray();
        foreach (var (key, backend) in clients)
        {
            affinity.Remember(key, backend);
        }

        pool.SetMembers(Some.Addresses(5, 1, 2, 0, 3, 4));

        Assert.All(clients, client => Assert.Same(client.Backend, affinity.Find(client.Key, pool.Snapshot)));
        Assert.Null(affinity.Find(100, pool.Snapshot));
    }

    [Fact]
    public void A_client_whose_backend_left_or_cannot_be_picked_has_none_and_gets_another()
    {
        var affinity = Affinity();
        var pool = Some.Pool(Some.Addresses(0, 1, 2));
        var members = pool.Snapshot.Members;
        affinity.Remember(1, members[0]);
        affinity.Remember(2, members[1]);

        pool.SetHealth(members[0], healthy: false, "");
        Assert.Null(affinity.Find(1, pool.Snapshot));
        pool.SetHealth(members[0], healthy: true, "");
        Assert.Same(members[0], affinity.Find(1, pool.Snapshot));

        pool.SetMembers(Some.Addresses(0, 2));
        Assert.Null(affinity.Find(2, pool.Snapshot));
        affinity.Remember(2, members[2]);
        Assert.Same(members[2], affinity.Find(2, pool.Snapshot));
        Assert.Equal(2, affinity.Count);
    }

    [Fact]
    public void A_client_that_did_not_come_for_too_long_is_forgotten()
    {
        var affinity = Affinity();
        var pool = Some.Pool(Some.Addresses(0));
        affinity.Remember(1, pool.Snapshot.Members[0]);
        affinity.Remember(2, pool.Snapshot.Members[0]);

        _time.Advance(TimeSpan.FromMinutes(20));
        affinity.Remember(2, pool.Snapshot.Members[0]);
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Null(affinity.Find(1, pool.Snapshot));
        Assert.NotNull(affinity.Find(2, pool.Snapshot));
        affinity.Sweep();
        Assert.Equal(1, affinity.Count);
    }

    [Fact]
    public void Those_of_backends_that_left_are_swept()
    {
        var affinity = Affinity();
        var pool = Some.Pool(Some.Addresses(0, 1));
        affinity.Remember(1, pool.Snapshot.Members[0]);
        affinity.Remember(2, pool.Snapshot.Members[1]);

        pool.SetMembers(Some.Addresses(1));
        affinity.Sweep();

        Assert.Equal(1, affinity.Count);
    }

    [Fact]
    public void A_table_that_is_full_keeps_those_it_has_and_takes_new_ones_when_there_is_room()
    {
        var affinity = new SourceAffinity(new() { MaxEntries = 10 }, _time);
        var pool = Some.Pool(Some.Addresses(0));
        var backend = pool.Snapshot.Members[0];
        Parallel.For(0, 1_000, i => affinity.Remember((ulong)i, backend));

        Assert.Equal(10, affinity.Count);
        Assert.Equal(10, Enumerable.Range(0, 1_000).Count(i => affinity.Find((ulong)i, pool.Snapshot) is not null));

        _time.Advance(TimeSpan.FromHours(1));
        affinity.Sweep();
        Assert.Equal(0, affinity.Count);
        affinity.Remember(5_000, backend);
        Assert.Same(backend, affinity.Find(5_000, pool.Snapshot));
    }

    private SourceAffinity Affinity() => new(new(), _time);
}
