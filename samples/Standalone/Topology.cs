namespace Standalone;

/// <summary>Every process, started from the back to the front and stopped from the front to the back.</summary>
internal sealed class Topology : IAsyncDisposable
{
    private readonly OrphanGuard _guard = new();
    private readonly WorkDirectory _work;
    private readonly Report _report;

    private Topology(IEnumerable<ProcessDescription> descriptions, WorkDirectory work, Report report)
    {
        (_work, _report) = (work, report);
        Processes = [.. descriptions.Select(description => new ManagedProcess(description, new(LogPath(description.Name)), _guard, report))];
    }

    public IReadOnlyList<ManagedProcess> Processes { get; }

    public string LogPath(string replica) => _work.File($"{replica}.log");

    /// <exception cref="StartException">A port is taken, or something to run is missing.</exception>
    public static Topology Create(StandaloneOptions options, WorkDirectory work, Report report)
    {
        var cli = options.NoDashboard ? null : AspireCli.Find();
        PortCheck.Require([
            options.Edge, options.EdgeHttps, options.EdgeAdmin, options.Wire, options.WireAdmin,
            .. cli is null ? [] : (PortOption[])[options.Dashboard, options.OtlpGrpc, options.OtlpHttp]]);
        PortCheck.RequireUdp(options.WireUdp);

        var replicas = Replicas.Place();
        var descriptions = new Descriptions(options, work, cli);
        return new(
            [
                descriptions.Balancer(Balancers.Edge(options, replicas.Where(replica => replica.Service != Replicas.Echo))),
                descriptions.Balancer(Balancers.Wire(options, replicas.Where(replica => replica.Service == Replicas.Echo))),
                .. replicas.Select(descriptions.Service),
                .. descriptions.Dashboard() is { } dashboard ? [dashboard] : Array.Empty<ProcessDescription>(),
            ],
            work,
            report);
    }

    /// <exception cref="StartException">A process does not start.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        _report.Line($"starting {Processes.Count} processes ...");
        foreach (var kind in Processes.GroupBy(process => process.Description.Kind).OrderByDescending(kind => kind.Key))
        {
            await StartAsync(kind, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _report.Line("stopping ...");
        foreach (var kind in Processes.GroupBy(process => process.Description.Kind).OrderBy(kind => kind.Key))
        {
            await Task.WhenAll(kind.Select(process => process.StopAsync()));
        }

        foreach (var process in Processes)
        {
            process.Dispose();
        }

        _guard.Dispose();
        _report.Line("stopped");
    }

    private static async Task StartAsync(IEnumerable<ManagedProcess> processes, CancellationToken cancellation)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await foreach (var started in Task.WhenEach(processes.Select(process => process.StartAsync(others.Token))))
            {
                await started;
            }
        }
        finally
        {
            await others.CancelAsync();
        }
    }
}
