using BenchmarkDotNet.Attributes;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace Micro;

/// <summary>What a policy's table costs when the backends change: a backend leaves or comes back, and the first pick after it.</summary>
[MemoryDiagnoser]
public class TableBenchmark
{
    private BackendPool _pool = null!;
    private Backend _backend = null!;
    private bool _turn;

    [Params(SelectionPolicy.RoundRobin, SelectionPolicy.WeightedRoundRobin, SelectionPolicy.Random, SelectionPolicy.ConsistentHash, SelectionPolicy.LeastConnections)]
    public SelectionPolicy Policy { get; set; }

    [Params(3, 1000)]
    public int Backends { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pool = TestPool.Create(Backends, Policy);
        _backend = _pool.Snapshot.Members[0];
    }

    [Benchmark]
    public void ChangeAndPick()
    {
        _pool.SetHealth(_backend, _turn = !_turn, "measured");
        _pool.Release(_pool.Pick(_pool.Policy, 1)!);
    }
}
