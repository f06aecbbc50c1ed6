using System.Globalization;
using LoadBalancer.Configuration;

namespace Policies;

/// <summary>What was measured of one policy.</summary>
internal sealed record Row(SelectionPolicy Policy, Measured Healthy, Measured Degraded)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Policy,-20} healthy p50 {Healthy.Percentile(0.5),6:0} ms  p99 {Healthy.Percentile(0.99),6:0} ms | one slow p50 {Degraded.Percentile(0.5),6:0} ms  p99 {Degraded.Percentile(0.99),6:0} ms  slow one's share {Degraded.SlowShare,6:0.0%}  failed {Degraded.Failed}");
}
