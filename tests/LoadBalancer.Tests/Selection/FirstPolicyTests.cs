using LoadBalancer.Backends;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Selection;

public sealed class FirstPolicyTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public void Backends_fill_up_one_after_the_other(int count)
    {
        var pool = Pool(count, limit: 2);

        var picks = Enumerable.Range(0, count * 2).Select(_ => pool.Pick(new FirstPolicy(), 0)!);

        Assert.Equal(pool.Snapshot.Members.SelectMany(backend => new[] { backend, backend }), picks);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public void The_first_that_has_room_again_is_picked(int count)
    {
        var policy = new FirstPolicy();
        var pool = Pool(count, limit: 1);
        var members = pool.Snapshot.Members;
        while (pool.Pick(policy, 0) is not null)
        {
        }

        pool.Release(members[count - 1]);
        pool.Release(members[1]);

        Assert.Same(members[1], pool.Pick(policy, 0));
        Assert.Same(members[count - 1], pool.Pick(policy, 0));
        Assert.Null(pool.Pick(policy, 0));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public void Without_limits_the_first_has_all(int count)
    {
        var pool = Some.Pool(Some.Addresses([.. Enumerable.Range(0, count)]));

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(pool.Snapshot.Members[0], pool.Pick(new FirstPolicy(), 0)));
    }

    [Fact]
    public async Task Room_is_never_lost_from_sight_when_many_fill_and_free_at_once()
    {
        var policy = new FirstPolicy();
        var pool = Pool(64, limit: 2);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var held = new Queue<Backend>();
            for (var i = 0; i < 20_000; i++)
            {
                // At most 30 each: there is always room.
                var picked = pool.Pick(policy, 0);
                Assert.NotNull(picked);
                held.Enqueue(picked);
                while (held.Count > (i % 30))
                {
                    pool.Release(held.Dequeue());
                }
            }

            foreach (var backend in held)
            {
                pool.Release(backend);
            }
        }, TestContext.Current.CancellationToken)));

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(0, pool.Snapshot.Candidates.FirstFree.Winner);
        Assert.Same(pool.Snapshot.Members[0], pool.Pick(policy, 0));
    }

    private static BackendPool Pool(int count, int limit)
    {
        var pool = new BackendPool("p", "http://p", Some.WithoutChecks with { MaxConnections = limit }, NullLogger.Instance);
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, count)]));
        return pool;
    }
}
