using System.Collections.Concurrent;
using LoadBalancer.Backends;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

public sealed class WaitQueueTests
{
    private readonly WaitQueue _queue = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentDictionary<string, bool> _things = [];

    [Fact]
    public async Task What_is_there_is_taken_without_waiting()
    {
        _things.TryAdd("one", true);

        Assert.Equal(("one", WaitFailure.None), await TakeAsync());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task One_signal_serves_as_many_as_there_are_things()
    {
        var waiting = Enumerable.Range(0, 5).Select(_ => TakeAsync()).ToArray();
        for (var i = 0; i < 3; i++)
        {
            _things.TryAdd($"{i}", true);
        }

        _queue.Wake();

        await Task.WhenAll(waiting[..3]);
        Assert.Equal(2, _queue.Count);
        Assert.All(waiting[3..], wait => Assert.False(wait.IsCompleted));
    }

    [Fact]
    public async Task A_signal_for_one_that_gives_up_goes_to_the_next()
    {
        for (var round = 0; round < 200; round++)
        {
            using var leaving = new CancellationTokenSource();
            var first = TakeUntilAsync(leaving.Token);
            var second = TakeAsync();
            _things.TryAdd("thing", true);

            // Both at once: whoever wins, the thing must be taken.
            await Task.WhenAll(Task.Run(leaving.Cancel, TestContext.Current.CancellationToken), Task.Run(_queue.Wake, TestContext.Current.CancellationToken));
            var (taken, failure) = await first;
            if (taken is null)
            {
                Assert.Equal(WaitFailure.Cancelled, failure);
            }
            else
            {
                _things.TryAdd(taken, true);
                _queue.Wake();
            }

            Assert.Equal(("thing", WaitFailure.None), await second);
        }
    }

    [Fact]
    public async Task Time_outs_are_by_the_clock_that_is_given()
    {
        var waiting = TakeAsync();

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal((null, WaitFailure.TimedOut), await waiting);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task One_that_would_not_take_what_is_there_lets_the_next_try()
    {
        var particular = TakeAsync("b");
        var another = TakeAsync("c");
        var any = TakeAsync();
        var last = TakeAsync();
        Assert.Equal((4, 2), (_queue.Count, _queue.Undemanding));

        Give("a");
        Assert.Equal("a", (await any).Taken);
        Give("c");
        Assert.Equal("c", (await another).Taken);
        Give("b");
        Assert.Equal("b", (await particular).Taken);
        Assert.False(last.IsCompleted);
        Give("d");
        Assert.Equal("d", (await last).Taken);
        Assert.Equal((0, 0), (_queue.Count, _queue.Undemanding));
    }

    [Fact]
    public async Task One_whose_try_fails_with_an_exception_leaves_the_queue()
    {
        var waiting = _queue.TakeAsync<string>(() => throw new InvalidOperationException("broken"), 10, TimeSpan.FromSeconds(1), _time, TestContext.Current.CancellationToken).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task No_signal_is_lost_when_many_take_and_give_at_once()
    {
        _things.TryAdd("one", true);
        _things.TryAdd("two", true);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var wanted = number == 0 ? "one" : null;
                var (taken, failure) = await TakeAsync(wanted);
                Assert.Equal(WaitFailure.None, failure);
                Give(taken!);
            }
        }, TestContext.Current.CancellationToken))).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.Equal((0, 0, 2), (_queue.Count, _queue.Undemanding, _things.Count));
    }

    private void Give(string thing)
    {
        Assert.True(_things.TryAdd(thing, true));
        _queue.Wake();
    }

    private Task<(string? Taken, WaitFailure Failure)> TakeAsync(string? wanted = null) =>
        TakeUntilAsync(TestContext.Current.CancellationToken, wanted);

    private Task<(string? Taken, WaitFailure Failure)> TakeUntilAsync(CancellationToken cancellation, string? wanted = null) =>
        _queue.TakeAsync(() => TryTake(wanted), 100, TimeSpan.FromSeconds(10), _time, cancellation, isDemanding: wanted is not null).AsTask();

    private string? TryTake(string? wanted) => _things.Keys.FirstOrDefault(thing => (wanted is null || thing == wanted) && _things.TryRemove(thing, out _));
}
