using BenchmarkDotNet.Attributes;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace Micro;

/// <summary>What every connection and request costs in the domain: a pick that is counted, and its end. Nobody listens to the meter.</summary>
[MemoryDiagnoser]
public class PoolBenchmark
{
    private BackendPool _pool = null!;
    private ulong _key;

    [ParamsAllValues]
    public SelectionPolicy Policy { get; set; }

    [Params(3, 16, 256, 1000)]
    public int Backends { get; set; }

    [GlobalSetup]
    public void Setup() => _pool = TestPool.Create(Backends, Policy);

    [Benchmark]
    public void PickAndRelease() => _pool.Release(_pool.Pick(_pool.Policy, ++_key)!);
}
