using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Tests;

/// <summary>The publisher in an AppHost whose orchestrator is the test.</summary>
public sealed class ConfigurationPublisherTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_there_before_anything_runs()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());

        var file = await run.ReadAsync();

        Assert.Equal("edge", file.LoadBalancer.Name);
        Assert.Empty(file.LoadBalancer.Pools["api"].Backends);
        Assert.Empty(file.Services["api"]["http"]);
    }

    [Fact]
    public async Task The_file_follows_the_replicas_that_run()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());

        await run.ReportAsync("api-a", "Running", 5001);
        await run.ReportAsync("api-b", "Running", 5002);
        await run.WaitForBackendsAsync("api-a", "api-b");
        await run.ReportAsync("api-a", "Stopping", 5001);
        await run.WaitForBackendsAsync("api-b");
        await run.ReportAsync("api-a", "Running", 5003);

        var file = await run.WaitForBackendsAsync("api-a", "api-b");
        Assert.Equal(["localhost:5003", "localhost:5002"], file.Services["api"]["http"]);
    }

    [Fact]
    public async Task What_ran_before_it_looked_is_not_missed()
    {
        await using var run = await Run.PrepareAsync(Model.NewBuilder());
        await run.ReportAsync("api-a", "Running", 5001);

        await run.Publisher.StartingAsync(Cancelled);

        await run.WaitForBackendsAsync("api-a");
    }

    [Fact]
    public async Task A_report_that_changes_nothing_writes_nothing()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());
        await run.ReportAsync("api-a", "Running", 5001);
        await run.WaitForBackendsAsync("api-a");
        File.Delete(run.Path);

        await run.ReportAsync("api-a", "Running", 5001, ("UNRELATED", "1"));
        await run.ReportAsync("api-b", "Starting", 5002);
        Assert.False(File.Exists(run.Path));

        // The first one that changes something shows that the others were seen.
        await run.ReportAsync("api-b", "Running", 5002);
        await Eventually.GetAsync(() => Task.FromResult(File.Exists(run.Path)), exists => exists, Deadline);
        await run.WaitForBackendsAsync("api-a", "api-b");
    }

    [Fact]
    public async Task A_container_is_found_when_its_endpoint_gets_an_address_after_it_runs()
    {
        var builder = Model.NewBuilder();
        var web = builder.AddContainer("web", "image").WithHttpEndpoint(targetPort: 80);
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", web);
        await using var run = await Run.StartAsync(builder, edge.Resource, web.Resource);
        await run.ReportAsync("web-a", "Running", port: null);

        var endpoint = web.GetEndpoint("http").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new(endpoint, "localhost", 32_768);
        await run.PublishAsync(new ResourceEndpointsAllocatedEvent(web.Resource, run.Services));

        var file = await run.WaitForBackendsAsync("web-a");
        Assert.Equal(["127.0.0.1:32768"], file.Services["web"]["http"]);
    }

    [Fact]
    public async Task Two_runs_share_no_file_and_leave_none_behind()
    {
        var first = await Run.StartAsync(Model.NewBuilder());
        var second = await Run.StartAsync(Model.NewBuilder());
        var directories = new[] { Path.GetDirectoryName(first.Path)!, Path.GetDirectoryName(second.Path)! };

        Assert.NotEqual(directories[0], directories[1]);
        Assert.All(directories, directory => Assert.True(Directory.Exists(directory)));
        await first.StopAsync();
        await second.DisposeAsync();
        Assert.All(directories, directory => Assert.False(Directory.Exists(directory)));
        await first.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_written_after_the_stop()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());
        await run.StopAsync();

        await run.ReportAsync("api-a", "Running", 5001);
        await run.PublishAsync(new ResourceEndpointsAllocatedEvent(run.Backend, run.Services));

        Assert.False(Directory.Exists(Path.GetDirectoryName(run.Path)));
    }

    [Fact]
    public async Task Ports_are_left_to_the_orchestrator_where_they_are_to_be_random()
    {
        var builder = Model.NewBuilder("--DcpPublisher:RandomizePorts=true");
        await using var run = await Run.StartAsync(builder);

        Assert.All(run.Balancer.Annotations.OfType<EndpointAnnotation>(), endpoint => Assert.Equal((null, null), (endpoint.Port, endpoint.TargetPort)));
    }

    [Fact]
    public async Task Ports_are_kept_where_they_are_not_to_be_random()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());

        Assert.Equal(8080, run.Balancer.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").TargetPort);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_exist_when_the_model_is_complete_stops_the_start()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/", api.GetEndpoint("later"));

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => Run.PrepareAsync(builder, edge.Resource, api.Resource));

        Assert.Equal("Load balancer 'edge' sends to the endpoint 'later' of 'api', which has only 'http'.", exception.Message);
        Assert.Null(edge.Resource.ConfigurationPath);
    }

    [Fact]
    public async Task An_endpoint_that_turns_out_to_be_of_the_other_protocol_stops_the_start()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api");
        var wire = builder.AddLayer4LoadBalancer("wire").WithUdpListener("udp", 7001, api.GetEndpoint("later"));
        api.WithEndpoint(name: "later", scheme: "tcp", env: "PORT");

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => Run.PrepareAsync(builder, wire.Resource, api.Resource));

        Assert.Equal("Load balancer 'wire' cannot send to the endpoint 'later' of 'api', which is Tcp; must be Udp.", exception.Message);
    }

    [Fact]
    public async Task A_backend_that_turns_out_to_have_another_scheme_than_its_pool_stops_the_start()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/", api).WithPool(api, p => p.WithBackend(api.GetEndpoint("later")));
        api.WithHttpsEndpoint(name: "later", env: "LATER");

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => Run.PrepareAsync(builder, edge.Resource, api.Resource));

        Assert.Equal("Load balancer 'edge' cannot send to the endpoint 'later' of 'api', which has the scheme 'https'; must be 'http' like the endpoint 'http' of 'api'.", exception.Message);
    }

    [Fact]
    public async Task Options_of_a_pool_that_nobody_uses_stop_the_start()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var edge = builder.AddLayer7LoadBalancer("edge").WithPool(api, p => p.WithPanicThreshold(10));

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => Run.PrepareAsync(builder, edge.Resource, api.Resource));

        Assert.Equal("Load balancer 'edge' has options for the pool of the endpoint 'http' of 'api', to which none of its listeners and routes leads.", exception.Message);
    }

    [Fact]
    public async Task A_TLS_route_alone_leads_to_a_pool()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api").WithHttpsEndpoint(env: "PORT");
        var wire = builder.AddLayer4LoadBalancer("wire").WithTcpListener("tls", 7443, l => l.WithTlsRoute("api", api.GetEndpoint("https")));

        await using var run = await Run.PrepareAsync(builder, wire.Resource, api.Resource);

        Assert.Equal("tcp://api", (await run.ReadAsync()).LoadBalancer.Pools["api"].Service);
    }

    [Fact]
    public async Task The_file_follows_the_replicas_of_every_resource_in_a_pool()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var spare = builder.AddProgram("spare").WithHttpEndpoint(env: "PORT");
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/", api).WithPool(api, p => p.WithBackend(spare.GetEndpoint("http"), priority: 1));
        await using var run = await Run.StartAsync(builder, edge.Resource, spare.Resource);

        await run.ReportAsync("spare-a", "Running", 5001);

        var file = await run.WaitForBackendsAsync("spare-a");
        Assert.Equal(1, file.LoadBalancer.Pools["api"].Backends["spare-a"].Priority);
    }

    [Fact]
    public async Task An_endpoint_that_is_added_later_is_found()
    {
        var builder = Model.NewBuilder();
        var api = builder.AddProgram("api");
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/", api.GetEndpoint("later"));
        api.WithHttpEndpoint(name: "later", env: "PORT");

        await using var run = await Run.PrepareAsync(builder, edge.Resource, api.Resource);

        Assert.Equal("http://api", (await run.ReadAsync()).LoadBalancer.Pools["api"].Service);
    }

    [Fact]
    public void A_missing_program_is_named_with_what_to_do()
    {
        var exception = Assert.Throws<DistributedApplicationException>(() => ServerFiles.ThrowIfMissing("/nowhere/LoadBalancer.Server.dll"));

        Assert.StartsWith("The load balancer's program '/nowhere/LoadBalancer.Server.dll' is missing.", exception.Message, StringComparison.Ordinal);
        Assert.Contains("build the AppHost again", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_process_is_given_the_program_and_the_file()
    {
        await using var run = await Run.StartAsync(Model.NewBuilder());
        var context = new CommandLineArgsCallbackContext([]);
        foreach (var annotation in run.Balancer.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        Assert.Equal(["exec", ServerFiles.Program, "--config", run.Path], context.Args);
        Assert.True(File.Exists(ServerFiles.Program));
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly DistributedApplication _app;
        private readonly DistributedApplicationEventing _eventing = new();

        private Run(DistributedApplication app, LoadBalancerResource balancer, IResource backend)
        {
            (_app, Balancer, Backend) = (app, balancer, backend);
            Publisher = app.Services.GetRequiredService<ConfigurationPublisher>();
        }

        public ConfigurationPublisher Publisher { get; }

        public LoadBalancerResource Balancer { get; }

        public IResource Backend { get; }

        public IServiceProvider Services => _app.Services;

        public string Path => Balancer.ConfigurationPath!;

        public static async Task<Run> StartAsync(IDistributedApplicationBuilder builder)
        {
            var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
            var edge = builder.AddLayer7LoadBalancer("edge", port: 8080, adminPort: 9080).WithRoute("/{**rest}", api);
            return await StartAsync(builder, edge.Resource, api.Resource);
        }

        public static async Task<Run> StartAsync(IDistributedApplicationBuilder builder, LoadBalancerResource balancer, IResource backend)
        {
            var run = await PrepareAsync(builder, balancer, backend);
            await run.Publisher.StartingAsync(Cancelled);
            return run;
        }

        public static async Task<Run> PrepareAsync(IDistributedApplicationBuilder builder)
        {
            var api = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
            var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", api);
            return await PrepareAsync(builder, edge.Resource, api.Resource);
        }

        public static async Task<Run> PrepareAsync(IDistributedApplicationBuilder builder, LoadBalancerResource balancer, IResource backend)
        {
            var run = new Run(builder.Build(), balancer, backend);
            try
            {
                var executionContext = run.Services.GetRequiredService<DistributedApplicationExecutionContext>();
                await run.Publisher.SubscribeAsync(run._eventing, executionContext, Cancelled);
                await run.PublishAsync(new BeforeStartEvent(run.Services, run.Services.GetRequiredService<DistributedApplicationModel>()));
                return run;
            }
            catch
            {
                await run.DisposeAsync();
                throw;
            }
        }

        public Task PublishAsync<T>(T happened)
            where T : IDistributedApplicationEvent => _eventing.PublishAsync(happened, Cancelled);

        public Task ReportAsync(string id, string state, int? port, params (string Name, string Value)[] environment) =>
            _app.ResourceNotifications.PublishUpdateAsync(Backend, id, snapshot => snapshot with
            {
                State = state,
                EnvironmentVariables =
                [
                    .. environment.Select(variable => new EnvironmentVariableSnapshot(variable.Name, variable.Value, IsFromSpec: true)),
                    .. port is null ? [] : new[] { new EnvironmentVariableSnapshot("LOADBALANCER_BACKEND_HTTP", $"{port}", IsFromSpec: true) },
                ],
            });

        public async Task<ConfigurationFile> ReadAsync() =>
            JsonSerializer.Deserialize(await File.ReadAllTextAsync(Path, Cancelled), ConfigurationJsonContext.Default.ConfigurationFile)!;

        public Task<ConfigurationFile> WaitForBackendsAsync(params string[] expected) =>
            Eventually.GetAsync(ReadAsync, file => Assert.Single(file.LoadBalancer.Pools).Value.Backends.Keys.Order().SequenceEqual(expected), Deadline);

        public async Task StopAsync()
        {
            await Publisher.StoppingAsync(Cancelled);
            await Publisher.StoppedAsync(Cancelled);
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
