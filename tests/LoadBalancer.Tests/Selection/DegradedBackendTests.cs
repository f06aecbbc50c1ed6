using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Selection;

/// <summary>
/// Four backends of eight workers each, requests that come at random (Poisson) and take 2 ms and 8 ms more on average
/// (exponential), at half of what the four can do: simulated, with a clock of its own, the same in every run.
/// </summary>
public sealed class DegradedBackendTests(ITestOutputHelper output)
{
    private const int Workers = 8;
    private const double Slowdown = 10;
    private const double RequestsPerSecond = 1_600;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_degraded_one_of_four_raises_the_99th_percentile_by_less_than_half(int seed)
    {
        var healthy = Run(SelectionPolicy.PeakEwma, seed, slowdown: 1);
        var degraded = Run(SelectionPolicy.PeakEwma, seed, Slowdown);
        var inTurn = Run(SelectionPolicy.RoundRobin, seed, Slowdown);

        output.WriteLine($"p99: healthy {healthy.P99:0.0} ms, degraded {degraded.P99:0.0} ms (RoundRobin {inTurn.P99:0.0} ms); the degraded one had {degraded.Share:P2} of the requests (RoundRobin {inTurn.Share:P2})");
        Assert.InRange(degraded.P99 / healthy.P99, 0, 1.5);
        Assert.InRange(degraded.Share, 0, 0.01);
        // The contrast: a quarter of the requests goes where it takes ten times as long, and has to wait there.
        Assert.InRange(inTurn.P99 / healthy.P99, 5, double.MaxValue);
        Assert.Equal(0.25, inTurn.Share, 0.01);
    }

    [Fact]
    public void One_that_recovers_has_its_share_again()
    {
        var recovered = Run(SelectionPolicy.PeakEwma, seed: 1, Slowdown, until: TimeSpan.FromSeconds(15), length: TimeSpan.FromSeconds(120), from: TimeSpan.FromSeconds(60));

        Assert.InRange(recovered.Share, 0.2, 0.3);
    }

    // What is counted came after one of them began to be slow.
    private static (double P99, double Share) Run(SelectionPolicy kind, int seed, double slowdown, TimeSpan? until = null, TimeSpan? length = null, TimeSpan? from = null)
    {
        var time = new FakeTimeProvider();
        var pool = Some.Pool(4, options => options, time);
        ISelectionPolicy policy = kind == SelectionPolicy.PeakEwma ? new PeakEwmaPolicy(new Random(seed)) : SelectionPolicies.Create(kind);
        var slow = pool.Snapshot.Members[0];
        var random = new Random(seed);
        var end = length ?? Length;
        var waiting = pool.Snapshot.Members.ToDictionary(backend => backend, _ => new Queue<(TimeSpan Since, TimeSpan Work)>());
        var idle = pool.Snapshot.Members.ToDictionary(backend => backend, _ => Workers);
        var events = new PriorityQueue<(Backend? Backend, TimeSpan Since), TimeSpan>();
        var latencies = new List<double>();
        var (picks, slowPicks) = (0, 0);
        var now = TimeSpan.Zero;
        events.Enqueue((null, default), Exponential(1 / RequestsPerSecond));
        while (events.TryDequeue(out var next, out var at))
        {
            time.Advance(at - now);
            now = at;
            if (next.Backend is { } done)
            {
                done.RecordLatency(now - next.Since);
                pool.Release(done);
                if (next.Since >= (from ?? Start))
                {
                    latencies.Add((now - next.Since).TotalMilliseconds);
                }

                idle[done]++;
                Work(done);
            }
            else if (now < end)
            {
                events.Enqueue((null, default), now + Exponential(1 / RequestsPerSecond));
                var picked = pool.Pick(policy, 0)!;
                if (now >= (from ?? Start))
                {
                    picks++;
                    slowPicks += picked == slow ? 1 : 0;
                }

                waiting[picked].Enqueue((now, TimeSpan.FromMilliseconds(2) + Exponential(0.008)));
                Work(picked);
            }
        }

        latencies.Sort();
        return (latencies[(int)(latencies.Count * 0.99)], (double)slowPicks / picks);

        void Work(Backend backend)
        {
            if (idle[backend] > 0 && waiting[backend].TryDequeue(out var request))
            {
                idle[backend]--;
                var isSlow = backend == slow && now >= Start && now < (until ?? end);
                events.Enqueue((backend, request.Since), now + (request.Work * (isSlow ? slowdown : 1)));
            }
        }

        TimeSpan Exponential(double meanSeconds) => TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) * meanSeconds);
    }
}
