using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Diagnostics;

[Collection(MeterCollection.Name)]
public sealed class LoadBalancerTelemetryTests
{
    [Fact]
    public void Every_pick_is_counted_by_pool_and_replica()
    {
        var picks = new ConcurrentQueue<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Meter.Name == LoadBalancerTelemetry.Name && instrument.Name == "lb.picks")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            picks.Enqueue($"{count} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"));
        listener.Start();
        var pool = new LoadBalancer.Backends.BackendPool("picked", "http://picked", Some.WithoutChecks, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        pool.SetMembers(Some.Addresses(0, 1));

        pool.Pick(pool.Policy, 0);
        pool.Pick(pool.Policy, 0);
        pool.TryAcquire(pool.Snapshot.Members[0]);

        Assert.Equal(
            ["1 lb.pool=picked lb.backend.replica=10.0.0.1:5000", "1 lb.pool=picked lb.backend.replica=10.0.0.2:5000", "1 lb.pool=picked lb.backend.replica=10.0.0.1:5000"],
            picks.Where(pick => pick.Contains("lb.pool=picked", StringComparison.Ordinal)));
    }
}
