using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

/// <summary>Limits of backends, and the queue for when all are at theirs.</summary>
public sealed class LimitTests
{
    private readonly FakeTimeProvider _time = new();

    public static TheoryData<SelectionPolicy, int> Kinds =>
        [.. from kind in Enum.GetValues<SelectionPolicy>() from count in new[] { 3, 40 } select (kind, count)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task No_backend_ever_has_more_than_its_limit_and_everybody_is_served(SelectionPolicy kind, int count)
    {
        const int Limit = 2;
        var pool = Some.Pool(count, options => options with { MaxConnections = Limit, QueueTimeout = TimeSpan.FromMinutes(1) });
        var policy = SelectionPolicies.Create(kind);
        // More at a time than there is room for, so that the queue is in use.
        var workers = (count * Limit) + 10;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(number => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                var (backend, failure) = await pool.PickAsync(policy, (ulong)((number * 1000) + i), [], Cancellation);
                Assert.Equal(PickFailure.None, failure);
                Assert.InRange(backend!.Active, 1, Limit);
                await Task.Yield();
                pool.Release(backend);
            }
        }, Cancellation)));

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(workers * 100, pool.Snapshot.Members.Sum(backend => backend.Picks));
        Assert.Equal(0, pool.GetStatistics().Queued);
    }

    [Fact]
    public async Task Those_that_wait_are_served_in_their_order()
    {
        var pool = Some.Pool(1, options => options with { MaxConnections = 1 });
        var backend = pool.Pick(pool.Policy, 0)!;
        var waiting = Enumerable.Range(0, 10).Select(_ => pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask()).ToArray();
        Assert.Equal(10, pool.GetStatistics().Queued);

        foreach (var next in waiting)
        {
            Assert.False(next.IsCompleted);
            pool.Release(backend);
            Assert.Same(backend, (await next).Backend);
        }

        Assert.Equal((1, 0), (backend.Active, pool.GetStatistics().Queued));
    }

    [Fact]
    public async Task Nobody_overtakes_those_that_wait()
    {
        var pool = Some.Pool(1, options => options with { MaxConnections = 1 });
        var backend = pool.Pick(pool.Policy, 0)!;
        var first = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();

        pool.Release(backend);
        var second = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();

        Assert.Same(backend, (await first).Backend);
        Assert.False(second.IsCompleted);
        pool.Release(backend);
        Assert.Same(backend, (await second).Backend);
    }

    [Fact]
    public async Task One_that_waits_for_a_certain_backend_holds_up_nobody_else()
    {
        var pool = Some.Pool(2, options => options with { MaxConnections = 1 });
        var (wanted, other) = (pool.Snapshot.Members[0], pool.Snapshot.Members[1]);
        Assert.True(pool.TryAcquire(wanted));
        var patient = pool.AcquireAsync(wanted, Cancellation).AsTask();

        // There is room at the other one.
        Assert.Same(other, (await pool.PickAsync(pool.Policy, 0, [], Cancellation)).Backend);

        // And when there is none, it goes to the one behind who would take anything.
        var any = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();
        pool.Release(other);
        Assert.Same(other, (await any).Backend);
        Assert.False(patient.IsCompleted);

        pool.Release(wanted);
        Assert.Same(wanted, (await patient).Backend);
    }

    [Fact]
    public async Task A_queue_without_places_refuses_at_once()
    {
        var pool = Some.Pool(2, options => options with { MaxConnections = 1, QueueLength = 0 });
        Assert.NotNull((await pool.PickAsync(pool.Policy, 0, [], Cancellation)).Backend);
        Assert.NotNull((await pool.PickAsync(pool.Policy, 0, [], Cancellation)).Backend);

        var pick = pool.PickAsync(pool.Policy, 0, [], Cancellation);

        Assert.True(pick.IsCompleted);
        Assert.Equal(new(null, PickFailure.AtCapacity), await pick);
    }

    [Fact]
    public async Task A_queue_that_is_full_refuses_and_one_that_gave_up_makes_room()
    {
        var pool = Some.Pool(1, options => options with { MaxConnections = 1, QueueLength = 2 });
        pool.Pick(pool.Policy, 0);
        using var leaving = new CancellationTokenSource();
        var first = pool.PickAsync(pool.Policy, 0, [], leaving.Token).AsTask();
        var second = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();
        Assert.Equal(PickFailure.AtCapacity, (await pool.PickAsync(pool.Policy, 0, [], Cancellation)).Failure);

        await leaving.CancelAsync();
        Assert.Equal(new(null, PickFailure.Cancelled), await first);

        var third = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();
        Assert.Equal(2, pool.GetStatistics().Queued);
        pool.Release(pool.Snapshot.Members[0]);
        Assert.NotNull((await second).Backend);
        pool.Release(pool.Snapshot.Members[0]);
        Assert.NotNull((await third).Backend);
    }

    [Fact]
    public async Task One_that_waited_as_long_as_it_may_is_refused()
    {
        var pool = Some.Pool(1, options => options with { MaxConnections = 1, QueueTimeout = TimeSpan.FromSeconds(5) }, _time);
        var backend = pool.Pick(pool.Policy, 0)!;
        var waiting = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(new(null, PickFailure.QueueTimeout), await waiting);
        Assert.Equal((1, 0), (backend.Active, pool.GetStatistics().Queued));
        pool.Release(backend);
        Assert.NotNull(pool.Pick(pool.Policy, 0));
    }

    [Fact]
    public async Task Without_a_backend_nobody_waits()
    {
        var pool = Some.Pool(0, options => options);
        Assert.Equal(new(null, PickFailure.NoBackend), await pool.PickAsync(pool.Policy, 0, [], Cancellation));

        pool.SetMembers(Some.Addresses(0));
        Assert.Equal(new(null, PickFailure.NoBackend), await pool.PickAsync(pool.Policy, 0, [pool.Snapshot.Members[0]], Cancellation));
    }

    [Fact]
    public async Task One_that_has_tried_a_backend_waits_for_another()
    {
        var pool = Some.Pool(2, options => options with { MaxConnections = 1 });
        var (tried, other) = (pool.Snapshot.Members[0], pool.Snapshot.Members[1]);
        Assert.True(pool.TryAcquire(other));

        var waiting = pool.PickAsync(pool.Policy, 0, [tried], Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        pool.Release(other);

        Assert.Same(other, (await waiting).Backend);
    }

    [Theory]
    [InlineData("joins")]
    [InlineData("limit")]
    [InlineData("resumed")]
    [InlineData("healthy")]
    public async Task Room_that_a_change_makes_is_given_to_those_that_wait(string change)
    {
        var pool = Some.Pool(2, options => options with { MaxConnections = 1, PanicThreshold = 100 });
        var backend = pool.Snapshot.Members[1];
        pool.SetHealth(backend, change != "healthy", "");
        if (change == "resumed")
        {
            pool.Drain(backend);
        }
        else if (change != "healthy")
        {
            pool.SetMembers(Some.Addresses(0));
        }

        pool.Pick(pool.Policy, 0);
        var waiting = pool.PickAsync(pool.Policy, 0, [], Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        switch (change)
        {
            case "joins":
                pool.SetMembers(Some.Addresses(0, 1));
                break;
            case "limit":
                pool.Configure(Some.WithoutChecks with { MaxConnections = 2 });
                break;
            case "resumed":
                pool.Resume(backend);
                break;
            default:
                pool.SetHealth(backend, healthy: true, "");
                break;
        }

        Assert.NotNull((await waiting).Backend);
    }

    [Fact]
    public void A_backend_has_its_own_limit_before_the_pools()
    {
        var pool = Some.Pool(2, options => options with { MaxConnections = 5, Backends = new() { ["small"] = new() { Address = Some.Address(0).ToString(), MaxConnections = 2 } } });

        while (pool.Pick(pool.Policy, 0) is not null)
        {
        }

        Assert.Equal([2, 5], pool.Snapshot.Members.Select(backend => backend.Active));
        Assert.Equal((7, 7L), (pool.GetStatistics().Active, pool.GetStatistics().Capacity));
    }

    [Fact]
    public async Task A_backend_that_left_idle_is_never_given_work_and_one_that_left_busy_is_always_counted()
    {
        // Picks race with discovery; whatever wins, a backend with work is a member until its work has ended.
        var pool = Some.Pool(3, options => options);
        var swapping = true;
        var pickers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (var i = 0; Volatile.Read(ref swapping) || i < 100; i++)
            {
                var backend = pool.Pick(pool.Policy, (ulong)i);
                Assert.NotNull(backend);
                Assert.Same(backend, pool.Snapshot.Find(backend.Id));
                pool.Release(backend);
            }
        }, Cancellation)).ToArray();
        for (var i = 0; i < 5_000; i++)
        {
            pool.SetMembers(Some.Addresses([i % 3, 3 + (i % 2)]));
        }

        Volatile.Write(ref swapping, false);
        await Task.WhenAll(pickers);
        Assert.Equal(2, pool.Snapshot.Members.Length);
    }
}
