using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer4.Tests;

/// <summary>What happens while nobody listens: apart from other tests, whose listeners would be heard as well.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class UnheardTests
{
    private const string Name = "Nobody listens";

    [Fact]
    public void A_connection_allocates_nothing_for_telemetry_that_nobody_wants()
    {
        Assert.False(LoadBalancerTelemetry.Source.HasListeners());

        Assert.Equal(0, Enumerable.Range(0, 3).Min(_ => AllocatedBy(static () =>
        {
            using var span = Layer4Telemetry.Start("echo connection");
            var recorded = Layer4Telemetry.Recorded(span);
            Layer4Telemetry.Attempted(recorded, "echo", attempt: 2);
            Layer4Telemetry.ConnectFailed(recorded, null!, "refused");
            Layer4Telemetry.Connected(recorded, null!);
            Layer4Telemetry.FirstByte(recorded);
            Layer4Telemetry.RecordClosed("echo", CloseReason.Completed);
        })));
    }

    private static long AllocatedBy(Action action)
    {
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            action();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
