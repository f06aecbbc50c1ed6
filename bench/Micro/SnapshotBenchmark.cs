using System.Net;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Backends;

namespace Micro;

/// <summary>A new snapshot of the pool: discovery names other backends, or a health check changes one.</summary>
[MemoryDiagnoser]
public class SnapshotBenchmark
{
    private BackendPool _pool = null!;
    private IPEndPoint[] _all = null!;
    private IPEndPoint[] _allButOne = null!;
    private Backend _backend = null!;
    private bool _turn;

    [Params(3, 16, 256, 1000)]
    public int Backends { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pool = TestPool.Create(Backends);
        _all = TestPool.Addresses(Backends);
        _allButOne = _all[..^1];
        _backend = _pool.Snapshot.Members[0];
    }

    [Benchmark]
    public void MembershipChanges() => _pool.SetMembers((_turn = !_turn) ? _allButOne : _all);

    [Benchmark]
    public void HealthChanges() => _pool.SetHealth(_backend, _turn = !_turn, "measured");
}
