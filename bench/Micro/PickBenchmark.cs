using BenchmarkDotNet.Attributes;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;

namespace Micro;

/// <summary>A policy's pick alone.</summary>
[MemoryDiagnoser]
public class PickBenchmark
{
    private PoolSnapshot _snapshot = null!;
    private ISelectionPolicy _policy = null!;
    private ulong _client;

    [ParamsAllValues]
    public SelectionPolicy Policy { get; set; }

    [Params(3, 16, 256, 1000)]
    public int Backends { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _snapshot = TestPool.Create(Backends).Snapshot;
        _policy = SelectionPolicies.Create(Policy);
    }

    // Another client each time, for policies that look at it.
    [Benchmark]
    public Backend Pick() => _policy.Pick(_snapshot.Available, ++_client);
}
