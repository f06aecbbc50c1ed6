using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Diagnostics;

namespace Micro;

/// <summary>What the span of a connection or pick costs while nobody listens: it should be next to nothing.</summary>
[MemoryDiagnoser]
public class TelemetryBenchmark
{
    private readonly ActivitySource _source = LoadBalancerTelemetry.Source;

    [Benchmark]
    public Activity? StartActivityUnheard() => _source.StartActivity("pick");
}
