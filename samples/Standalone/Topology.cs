using System.Security.Cryptography;

namespace Standalone;

/// <summary>Every process, started from the back to the front and stopped from the front to the back.</summary>
internal sealed class Topology : IAsyncDisposable
{
    private readonly OrphanGuard _guard = new();
    private readonly WorkDirectory _work;
    private readonly Report _report;
    private readonly Descriptions _descriptions;

    private Topology(IEnumerable<ProcessDescription> descriptions, WorkDirectory work, Report report, Descriptions others)
    {
        (_work, _report, _descriptions) = (work, report, others);
        Processes = [.. descriptions.Select(description => new ManagedProcess(description, new(LogPath(description.Name)), _guard, report))];
    }

    public IReadOnlyList<ManagedProcess> Processes { get; }

    /// <summary>What commands to the balancers need.</summary>
    public required string Token { get; init; }

    public string LogPath(string replica) => _work.File($"{replica}.log");

    /// <exception cref="StartException">A port is taken, or something to run is missing.</exception>
    public static Topology Create(StandaloneOptions options, WorkDirectory work, Report report)
    {
        var cli = options.NoDashboard ? null : AspireCli.Find();
        PortCheck.Require([
            options.Edge, options.EdgeHttps, options.EdgeAdmin, options.Wire, options.WireCatalog, options.WireTls, options.WireAdmin,
            .. cli is null ? [] : (PortOption[])[options.Dashboard, options.OtlpGrpc, options.OtlpHttp]]);
        PortCheck.RequireUdp(options.WireUdp);

        var replicas = Replicas.Place();
        var token = AdminToken();
        var descriptions = new Descriptions(options, work, cli, token);
        return new(
            [
                descriptions.Balancer(Balancers.Edge(options, replicas)),
                descriptions.Balancer(Balancers.Wire(options, replicas)),
                .. replicas.Select(descriptions.Service),
                .. descriptions.Dashboard() is { } dashboard ? [dashboard] : Array.Empty<ProcessDescription>(),
            ],
            work,
            report,
            descriptions)
        {
            Token = token,
        };
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

    /// <summary>Runs steps of the tour; of none, all.</summary>
    /// <returns>0 when every claim held.</returns>
    /// <exception cref="StartException">It is not built, or a replica that it killed does not start again.</exception>
    public Task<int> RunTourAsync(IReadOnlyList<string> steps, CancellationToken cancellation) =>
        new TourRun(_descriptions.Tour(steps), Processes, _guard, _report).RunAsync(cancellation);

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

    private static string AdminToken() => Environment.GetEnvironmentVariable("LoadBalancer__Admin__Token") is { Length: > 0 } given
        ? given
        : RandomNumberGenerator.GetHexString(32, lowercase: true);

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
