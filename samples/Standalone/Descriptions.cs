using LoadGenerator;

namespace Standalone;

/// <summary>How each process of the topology is run.</summary>
internal sealed class Descriptions(StandaloneOptions options, WorkDirectory work, string? aspireCli, string adminToken)
{
    private static readonly string DotNet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public ProcessDescription Service(Replica replica)
    {
        var isEcho = replica.Service == Replicas.Echo;
        var url = $"http://{replica.Address}";
        var environment = Common(replica.Service, replica.Number);
        environment["REPLICA_NAME"] = replica.Name;
        environment[isEcho ? "ECHO_TCP_PORT" : "ASPNETCORE_URLS"] = isEcho ? $"{replica.Port}" : url;
        if (isEcho)
        {
            environment["ECHO_UDP_PORT"] = $"{replica.Port}";
        }

        if (replica.TlsPort is { } tls)
        {
            environment["CATALOG_TLS_PORT"] = $"{tls}";
        }

        return Run(
            ProcessKind.Service,
            replica.Name,
            BuiltAssemblies.PathOf(replica.Program),
            [],
            environment,
            isEcho ? replica.Address : url,
            isEcho ? ReadyChecks.Tcp(replica.Port) : ReadyChecks.Http($"{url}/alive"));
    }

    public ProcessDescription Balancer(Balancer balancer)
    {
        var file = work.Write($"{balancer.Name}.json", balancer.Configuration.ToJson());
        var backends = balancer.Configuration.LoadBalancer.Pools.ToDictionary(pool => pool.Key, pool => pool.Value.Backends.Count);
        var environment = Common(balancer.Name, 1);
        environment["LoadBalancer__Admin__Token"] = adminToken;
        return Run(
            ProcessKind.Balancer,
            balancer.Name,
            BuiltAssemblies.PathOf("LoadBalancer.Server"),
            ["--config", file],
            environment,
            balancer.Address,
            ReadyChecks.Balancer(balancer.Admin.Url, backends));
    }

    /// <summary>The tour, or steps of it.</summary>
    public ProcessDescription Tour(IEnumerable<string> steps)
    {
        var environment = Common("load-generator", 1);
        environment["Tour__Edge"] = options.Edge.Url;
        environment["Tour__EdgeHttps"] = options.EdgeHttps.HttpsUrl;
        environment["Tour__EdgeAdmin"] = options.EdgeAdmin.Url;
        environment["Tour__EdgeToken"] = adminToken;
        environment["Tour__Wire"] = options.WireCatalog.Url;
        environment["Tour__WireTls"] = options.WireTls.HttpsUrl;
        environment["Tour__WireAdmin"] = options.WireAdmin.Url;
        environment["Tour__Results"] = work.File("tour.json");
        string[] named = [.. steps];
        return Run(
            ProcessKind.Service,
            "load-generator",
            BuiltAssemblies.PathOf("LoadGenerator"),
            named is [] ? [TourSteps.Whole] : named,
            environment,
            options.Edge.Url,
            _ => Task.FromResult(true));
    }

    /// <summary>Anonymous, since it listens on loopback and shows what this program has started.</summary>
    public ProcessDescription? Dashboard() => aspireCli is null ? null : new()
    {
        Kind = ProcessKind.Dashboard,
        Name = "dashboard",
        FileName = aspireCli,
        Arguments =
        [
            "dashboard", "run", "--allow-anonymous", "--non-interactive", "--nologo",
            "--frontend-url", options.Dashboard.Url, "--otlp-grpc-url", options.OtlpGrpc.Url, "--otlp-http-url", options.OtlpHttp.Url,
        ],
        Directory = work.Path,

        // The command prefers this variable to its own option.
        Environment = new Dictionary<string, string?> { ["ASPNETCORE_URLS"] = null, ["NO_COLOR"] = "1" },
        Address = options.Dashboard.Url,
        IsReadyAsync = ReadyChecks.Http(options.Dashboard.Url),
        Advice = " --no-dashboard starts without it.",
    };

    private static ProcessDescription Run(
        ProcessKind kind,
        string name,
        string assembly,
        string[] arguments,
        Dictionary<string, string?> environment,
        string address,
        Func<CancellationToken, Task<bool>> isReady) => new()
        {
            Kind = kind,
            Name = name,
            FileName = DotNet,
            Arguments = [assembly, .. arguments],
            Directory = Path.GetDirectoryName(assembly)!,
            Environment = environment,
            Address = address,
            IsReadyAsync = isReady,
        };

    // The dashboard shows service and instance as one name, so that instance 1 of catalog is catalog-1 there too.
    private Dictionary<string, string?> Common(string service, int instance)
    {
        var environment = new Dictionary<string, string?>
        {
            ["OTEL_SERVICE_NAME"] = service,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}",
        };
        if (aspireCli is not null)
        {
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = options.OtlpGrpc.Url;
            environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
            environment["OTEL_TRACES_SAMPLER"] = "always_on";
            environment["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            environment["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            environment["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
        }

        return environment;
    }
}
