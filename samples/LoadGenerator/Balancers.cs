using System.Diagnostics;
using LoadGenerator.Clients;

namespace LoadGenerator;

/// <summary>The two balancers that the tour compares.</summary>
internal sealed class Balancers(TourAddresses addresses) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public TourAddresses Addresses => addresses;

    /// <summary>Commands to the Layer 7 balancer.</summary>
    public AdminClient Edge { get; } = new(addresses.EdgeAdmin, addresses.EdgeToken);

    /// <summary>Figures of the Layer 4 balancer.</summary>
    public AdminClient Wire { get; } = new(addresses.WireAdmin);

    /// <summary>The replicas that both send to, by name.</summary>
    public async Task<IReadOnlyList<string>> ReplicasAsync(CancellationToken cancellation) =>
        [.. (await Wire.GetPoolAsync(Topology.Catalog, cancellation)).Backends.Select(backend => backend.Name).Order(StringComparer.Ordinal)];

    /// <summary>Waits until every replica can be picked, so that one that was killed before does not count as missing.</summary>
    /// <exception cref="TourException">It does not come.</exception>
    public async Task WaitForReplicasAsync(CancellationToken cancellation)
    {
        await WaitAsync("edge", Edge, addresses.EdgeAdmin, Topology.Catalog, Topology.Replicas, cancellation);
        await WaitAsync("edge", Edge, addresses.EdgeAdmin, Topology.Canary, 1, cancellation);
        await WaitAsync("wire", Wire, addresses.WireAdmin, Topology.Catalog, Topology.Replicas, cancellation);
    }

    public void Dispose()
    {
        Edge.Dispose();
        Wire.Dispose();
    }

    private static async Task WaitAsync(string name, AdminClient balancer, Uri address, string pool, int replicas, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            string trouble;
            try
            {
                var healthy = (await balancer.GetPoolAsync(pool, cancellation)).Healthy;
                if (healthy >= replicas)
                {
                    return;
                }

                trouble = $"{name} has {healthy} of {replicas} replicas in pool '{pool}'; start those that are stopped";
            }
            catch (HttpRequestException e)
            {
                trouble = $"{name} does not answer at {address}: {e.Message}";
            }

            if (Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new TourException(trouble);
            }

            await Task.Delay(Pause, cancellation);
        }
    }
}
