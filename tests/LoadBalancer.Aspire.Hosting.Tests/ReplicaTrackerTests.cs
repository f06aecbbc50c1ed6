using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Tests;

public sealed class ReplicaTrackerTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly ReplicaTracker _tracker = new();

    private BackendPool PoolOf(IResourceBuilder<IResourceWithEndpoints> resource, string endpoint = "http")
    {
        var balancer = _builder.AddLayer7LoadBalancer($"to-{resource.Resource.Name}").WithRoute("/", new EndpointReference(resource.Resource, endpoint));
        return Assert.Single(balancer.Resource.Pools);
    }

    private void Report(IResource resource, string id, string state, params (string Name, string Value)[] environment) => _tracker.Update(new(resource, id, new()
    {
        ResourceType = "Test",
        Properties = [],
        State = state,
        EnvironmentVariables = [.. environment.Select(variable => new EnvironmentVariableSnapshot(variable.Name, variable.Value, IsFromSpec: true))],
    }));

    private IResourceBuilder<ProjectResource> AddProject() =>
        _builder.AddProject<TestProject>("catalog", options => options.LaunchProfileName = "http").WithReplicas(3);

    [Fact]
    public void Each_running_replica_is_known_by_its_id_and_its_own_port()
    {
        var catalog = AddProject();
        var pool = PoolOf(catalog);

        Report(catalog.Resource, "catalog-b", "Running", ("LOADBALANCER_BACKEND_HTTP", "5002"));
        Report(catalog.Resource, "catalog-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Assert.Equal([new("catalog-a", "127.0.0.1:5001"), new("catalog-b", "127.0.0.1:5002")], _tracker.ReplicasOf(pool, out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("Starting")]
    [InlineData("Stopping")]
    [InlineData("Finished")]
    [InlineData("Exited")]
    [InlineData("FailedToStart")]
    [InlineData("RuntimeUnhealthy")]
    public void A_replica_that_does_not_run_is_left_out(string state)
    {
        var catalog = AddProject();
        var pool = PoolOf(catalog);
        Report(catalog.Resource, "catalog-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Report(catalog.Resource, "catalog-a", state, ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Assert.Empty(_tracker.ReplicasOf(pool, out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void What_is_one_backend_leaves_while_it_is_unhealthy_and_of_several_replicas_none_does()
    {
        var node = _builder.AddProgram("node").WithHttpEndpoint(env: "PORT");
        var catalog = AddProject();
        var (one, several) = (PoolOf(node), PoolOf(catalog));
        void ReportHealth(IResource resource, string id, string port, HealthStatus? health) => _tracker.Update(new(resource, id, new CustomResourceSnapshot
        {
            ResourceType = "Test",
            Properties = [],
            State = "Running",
            EnvironmentVariables = [new("LOADBALANCER_BACKEND_HTTP", port, IsFromSpec: true)],
        }.WithHealth(health)));

        // While it starts the balancer's own checks say when it answers, and no later than Aspire's.
        foreach (var (health, expected) in new (HealthStatus?, int)[] { (null, 1), (HealthStatus.Unhealthy, 1), (HealthStatus.Healthy, 1), (HealthStatus.Degraded, 1), (HealthStatus.Unhealthy, 0), (HealthStatus.Healthy, 1) })
        {
            ReportHealth(node.Resource, "node-a", "5001", health);
            Assert.Equal(expected, _tracker.ReplicasOf(one, out _).Count);
        }

        Report(node.Resource, "node-a", "Finished");
        ReportHealth(node.Resource, "node-a", "5001", HealthStatus.Unhealthy);
        Assert.Single(_tracker.ReplicasOf(one, out _));

        ReportHealth(catalog.Resource, "catalog-a", "5001", HealthStatus.Unhealthy);
        ReportHealth(catalog.Resource, "catalog-b", "5002", HealthStatus.Unhealthy);
        Assert.Equal(2, _tracker.ReplicasOf(several, out _).Count);
    }

    [Fact]
    public void A_replica_that_starts_again_is_known_by_its_new_port()
    {
        var catalog = AddProject();
        var pool = PoolOf(catalog);
        Report(catalog.Resource, "catalog-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));
        Report(catalog.Resource, "catalog-a", "Finished", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Report(catalog.Resource, "catalog-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5009"));

        Assert.Equal([new("catalog-a", "127.0.0.1:5009")], _tracker.ReplicasOf(pool, out _));
    }

    [Fact]
    public void A_replica_of_another_resource_is_none_of_the_pools()
    {
        var catalog = AddProject();
        var other = _builder.AddProgram("other").WithHttpEndpoint(env: "PORT");

        Report(other.Resource, "other-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Assert.Empty(_tracker.ReplicasOf(PoolOf(catalog), out _));
    }

    [Fact]
    public void A_replica_whose_environment_is_not_reported_yet_is_waited_for()
    {
        var catalog = AddProject();

        Report(catalog.Resource, "catalog-a", "Running");

        Assert.Empty(_tracker.ReplicasOf(PoolOf(catalog), out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1:5001")]
    [InlineData("0.0.0.0", "127.0.0.1:5001")]
    [InlineData("*", "127.0.0.1:5001")]
    [InlineData("::1", "[::1]:5001")]
    [InlineData("[::1]", "[::1]:5001")]
    public void A_replica_is_reached_where_its_endpoint_says_that_it_listens(string targetHost, string expected)
    {
        var catalog = AddProject().WithEndpoint("http", endpoint => endpoint.TargetHost = targetHost);
        var pool = PoolOf(catalog);

        Report(catalog.Resource, "catalog-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Assert.Equal(expected, Assert.Single(_tracker.ReplicasOf(pool, out _)).Address);
    }

    [Fact]
    public void A_program_that_is_no_project_may_listen_on_either_loopback()
    {
        var node = _builder.AddProgram("node").WithHttpEndpoint(env: "PORT");
        var pool = PoolOf(node);

        Report(node.Resource, "node-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));

        Assert.Equal("localhost:5001", Assert.Single(_tracker.ReplicasOf(pool, out _)).Address);
    }

    [Fact]
    public void A_replica_over_UDP_is_known_by_its_own_port_on_the_loopback_of_IPv4()
    {
        var echo = _builder.AddProgram("echo")
            .WithEndpoint(name: "tcp", scheme: "tcp", env: "TCP")
            .WithEndpoint(name: "udp", scheme: "udp", env: "UDP", protocol: ProtocolType.Udp);
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("tcp", null, echo.GetEndpoint("tcp")).WithUdpListener("udp", null, echo.GetEndpoint("udp"));

        Report(echo.Resource, "echo-a", "Running", ("LOADBALANCER_BACKEND_TCP", "5001"), ("LOADBALANCER_BACKEND_UDP", "5002"));
        Report(echo.Resource, "echo-b", "Running", ("LOADBALANCER_BACKEND_TCP", "5003"), ("LOADBALANCER_BACKEND_UDP", "5004"));

        Assert.Equal([new("echo-a", "localhost:5001"), new("echo-b", "localhost:5003")], _tracker.ReplicasOf(wire.Resource.Pools[0], out _));
        Assert.Equal([new("echo-a", "127.0.0.1:5002"), new("echo-b", "127.0.0.1:5004")], _tracker.ReplicasOf(wire.Resource.Pools[1], out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void A_pool_of_several_resources_has_the_replicas_of_all_with_the_weights_and_tiers_of_each()
    {
        var stable = _builder.AddProgram("stable").WithHttpEndpoint(env: "PORT");
        var next = _builder.AddProgram("next").WithHttpEndpoint(env: "PORT");
        var spare = _builder.AddProgram("spare").WithHttpEndpoint(env: "PORT");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/", stable).WithPool(stable, p => p
            .WithWeight(9)
            .WithBackend(next.GetEndpoint("http"), maxConnections: 5)
            .WithBackend(spare.GetEndpoint("http"), weight: 2, priority: 1));

        Report(spare.Resource, "spare-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5003"));
        Report(stable.Resource, "stable-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5001"));
        Report(next.Resource, "next-a", "Running", ("LOADBALANCER_BACKEND_HTTP", "5002"));

        Assert.Equal(
            [new("stable-a", "localhost:5001", Weight: 9), new("next-a", "localhost:5002", MaxConnections: 5), new("spare-a", "localhost:5003", Weight: 2, Priority: 1)],
            _tracker.ReplicasOf(Assert.Single(edge.Resource.Pools), out _));
    }

    [Fact]
    public void A_container_is_one_backend_at_the_address_that_its_endpoint_was_given()
    {
        var web = _builder.AddContainer("web", "image").WithHttpEndpoint(targetPort: 80);
        var pool = PoolOf(web);
        var endpoint = web.GetEndpoint("http").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new(endpoint, "localhost", 32_768);

        Report(web.Resource, "web-a", "Running", ("OTHER", "1"));

        Assert.Equal([new("web-a", "127.0.0.1:32768")], _tracker.ReplicasOf(pool, out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void A_container_whose_endpoint_has_no_address_is_reported()
    {
        var web = _builder.AddContainer("web", "image").WithHttpEndpoint(targetPort: 80);

        Report(web.Resource, "web-a", "Running");

        Assert.Empty(_tracker.ReplicasOf(PoolOf(web), out var problem));
        Assert.Equal("'web-a' runs without an address for its endpoint 'http' and is left out", problem);
    }

    [Fact]
    public void Replicas_that_do_not_tell_their_ports_are_reached_together_and_reported()
    {
        var catalog = AddProject();
        var pool = PoolOf(catalog);
        var endpoint = catalog.GetEndpoint("http").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new(endpoint, "localhost", 5000);

        Report(catalog.Resource, "catalog-a", "Running", ("OTHER", "1"));
        Report(catalog.Resource, "catalog-b", "Running", ("LOADBALANCER_BACKEND_HTTP", "not a port"));

        Assert.Equal([new("catalog-a", "127.0.0.1:5000")], _tracker.ReplicasOf(pool, out var problem));
        Assert.StartsWith("'catalog-a' does not tell its port in LOADBALANCER_BACKEND_HTTP", problem, StringComparison.Ordinal);
    }
}
