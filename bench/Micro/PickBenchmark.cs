using BenchmarkDotNet.Attributes;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;

namespace Micro;

/// <summary>A policy's pick alone, of backends with different weights.</summary>
[MemoryDiagnoser]
public class PickBenchmark
{
    private Candidates _candidates = null!;
    private ISelectionPolicy _policy = null!;
    private ulong _key;

    [ParamsAllValues]
    public SelectionPolicy Policy { get; set; }

    [Params(3, 16, 256, 1000)]
    public int Backends { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _candidates = TestPool.Create(Backends).Snapshot.Candidates;
        _policy = SelectionPolicies.Create(Policy);
    }

    // Another client each time, for policies that look at it.
    [Benchmark]
    public Backend Pick() => _policy.Pick(_candidates, new PickRequest(++_key));
}
