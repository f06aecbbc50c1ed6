using System.Diagnostics;
using System.Globalization;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator;

/// <summary>The two balancers that the tour compares.</summary>
internal sealed class Balancers(TourOptions options) : IDisposable
{
    // A replica that was killed may have to start on a machine that has much else to do.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public TourOptions Options => options;

    /// <summary>Commands to the Layer 7 balancer.</summary>
    public AdminClient Edge { get; } = new(options.EdgeAdmin, options.EdgeToken);

    /// <summary>Figures of the Layer 4 balancer.</summary>
    public AdminClient Wire { get; } = new(options.WireAdmin);

    /// <summary>The replicas that both send to, by name.</summary>
    public async Task<IReadOnlyList<string>> ReplicasAsync(CancellationToken cancellation) =>
        [.. (await Wire.GetPoolAsync(Topology.Catalog, cancellation)).Backends.Select(backend => backend.Name).Order(StringComparer.Ordinal)];

    /// <summary>Waits until every replica can be picked, so that one that was killed before does not count as missing.</summary>
    /// <exception cref="TourException">It does not come.</exception>
    public async Task WaitForReplicasAsync(CancellationToken cancellation)
    {
        await WaitAsync("edge", Edge, options.EdgeAdmin, Topology.Catalog, Topology.Replicas, cancellation);
        await WaitAsync("edge", Edge, options.EdgeAdmin, Topology.Canary, 1, cancellation);
        await WaitAsync("wire", Wire, options.WireAdmin, Topology.Catalog, Topology.Replicas, cancellation);
        await WaitAsync("wire", Wire, options.WireAdmin, Topology.CatalogTls, Topology.Replicas, cancellation);
    }

    /// <summary>Leaves things as they are for a while.</summary>
    public async Task ShowAsync(Uri livePage, StepReport report, CancellationToken cancellation)
    {
        if (options.Pause > TimeSpan.Zero)
        {
            report.Line(string.Create(CultureInfo.InvariantCulture, $"So it stays for {options.Pause.TotalSeconds:0.#} s, to be seen on the live page {livePage}"));
            await Task.Delay(options.Pause, cancellation);
        }
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
