using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

public sealed class Layer4LoadBalancerTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<ExecutableResource> _echo;

    public Layer4LoadBalancerTests()
    {
        _echo = _builder.AddProgram("echo").WithEndpoint(name: "tcp", scheme: "tcp", env: "PORT");
    }

    [Fact]
    public void A_listener_is_an_endpoint_that_the_balancer_itself_listens_on()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        var endpoint = wire.GetListener("echo").EndpointAnnotation;

        Assert.Equal(("echo", "tcp", 7000, 7000, false), (endpoint.Name, endpoint.UriScheme, endpoint.Port, endpoint.TargetPort, endpoint.IsProxied));
    }

    [Fact]
    public void A_listener_without_a_port_leaves_it_to_the_orchestrator()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", null, _echo.GetEndpoint("tcp"));

        Assert.Null(wire.GetListener("echo").EndpointAnnotation.Port);
    }

    [Fact]
    public async Task Addresses_are_given_as_environment_variables_made_of_the_endpoints_ports()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire", adminPort: 9070).WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        var environment = await Model.EnvironmentOfAsync(wire.Resource);

        Assert.Equal("localhost:{wire.bindings.echo.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Layer4__Listeners__echo__Address"]));
        Assert.Equal("localhost:{wire.bindings.admin.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Admin__Address"]));
    }

    [Theory]
    [InlineData("0.0.0.0", "0.0.0.0:")]
    [InlineData("*", "*:")]
    [InlineData("+", "*:")]
    [InlineData("::1", "[::1]:")]
    public async Task The_target_host_of_a_listeners_endpoint_is_where_it_listens(string targetHost, string expected)
    {
        var wire = _builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"))
            .WithEndpoint("echo", endpoint => endpoint.TargetHost = targetHost);

        var environment = await Model.EnvironmentOfAsync(wire.Resource);

        Assert.StartsWith(expected, Model.ExpressionOf(environment["LoadBalancer__Layer4__Listeners__echo__Address"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_host_that_is_no_address_is_refused()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"))
            .WithEndpoint("echo", endpoint => endpoint.TargetHost = "example.com");

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => Model.EnvironmentOfAsync(wire.Resource));

        Assert.Equal("The endpoint 'echo' of the load balancer 'wire' has the target host 'example.com'; must be an IP address, 'localhost' or '*'.", exception.Message);
    }

    [Fact]
    public void The_configuration_has_the_listener_and_a_pool_named_after_the_resource()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"), l => l
            .WithPolicy(SelectionPolicy.LeastConnections)
            .WithConnectTimeout(TimeSpan.FromSeconds(1))
            .WithConnectAttempts(2)
            .WithIdleTimeout(TimeSpan.FromMinutes(1)));

        var file = wire.Describe(("echo", "echo-abc", "127.0.0.1:5001"), ("echo", "echo-def", "127.0.0.1:5002"));

        Assert.Equal("wire", file.LoadBalancer.Name);
        var listener = Assert.Single(file.LoadBalancer.Layer4.Listeners).Value;
        Assert.Equal(("echo", SelectionPolicy.LeastConnections), (listener.Pool, listener.Policy));
        Assert.Equal((TimeSpan.FromSeconds(1), 2, TimeSpan.FromMinutes(1)), (listener.ConnectTimeout, listener.ConnectAttempts, listener.IdleTimeout));
        var pool = Assert.Single(file.LoadBalancer.Pools);
        Assert.Equal(("echo", "tcp://echo"), (pool.Key, pool.Value.Service));
        Assert.Equal("127.0.0.1:5001", pool.Value.Backends["echo-abc"].Address);
        Assert.Equal(["127.0.0.1:5001", "127.0.0.1:5002"], file.Services["echo"]["tcp"]);
    }

    [Fact]
    public void Health_checks_find_out_quickly_when_a_replica_listens()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        var health = wire.Describe().LoadBalancer.Pools["echo"].HealthCheck;

        Assert.Equal(
            new HealthCheckOptions { Type = HealthCheckType.Tcp, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Rise = 1, Fall = 2 },
            health);
    }

    [Fact]
    public void Two_endpoints_of_a_resource_are_two_pools_and_the_same_one_is_one()
    {
        _echo.WithEndpoint(name: "other", scheme: "tcp", env: "OTHER");
        var wire = _builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("one", 7000, _echo.GetEndpoint("tcp"))
            .WithTcpListener("two", 7001, _echo.GetEndpoint("other"))
            .WithTcpListener("three", 7002, _echo.GetEndpoint("tcp"));

        var options = wire.Describe().LoadBalancer;

        Assert.Equal(["echo", "echo-other"], options.Pools.Keys);
        Assert.Equal(["echo", "echo-other", "echo"], options.Layer4.Listeners.Values.Select(listener => listener.Pool));
    }

    [Fact]
    public async Task A_replica_carries_its_own_port_in_a_variable_named_after_the_endpoint()
    {
        _echo.WithEndpoint(name: "my-port2", scheme: "tcp", env: "OTHER");
        _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("my-port2"));

        var environment = await Model.EnvironmentOfAsync(_echo.Resource);

        Assert.Equal("{echo.bindings.my-port2.targetPort}", Model.ExpressionOf(environment["LOADBALANCER_BACKEND_MY_PORT2"]));
    }

    [Fact]
    public async Task A_resource_that_is_deployed_knows_nothing_of_the_balancer()
    {
        _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        Assert.DoesNotContain("LOADBALANCER_BACKEND_TCP", await Model.EnvironmentOfAsync(_echo.Resource, DistributedApplicationOperation.Publish));
    }

    [Fact]
    public void The_dashboard_shows_what_it_is_and_where_it_sends()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("one", 7000, _echo.GetEndpoint("tcp"))
            .WithTcpListener("two", 7001, _echo.GetEndpoint("tcp"));

        Assert.Equal("Layer4LoadBalancer", Assert.Single(wire.Resource.Annotations.OfType<ResourceSnapshotAnnotation>()).InitialSnapshot.ResourceType);
        var relationship = Assert.Single(wire.Resource.Annotations.OfType<ResourceRelationshipAnnotation>());
        Assert.Equal((_echo.Resource, "Reference"), (relationship.Resource, relationship.Type));
        Assert.NotEmpty(wire.Resource.Annotations.OfType<HealthCheckAnnotation>());
        Assert.NotEmpty(wire.Resource.Annotations.OfType<OtlpExporterAnnotation>());
    }

    [Fact]
    public void The_balancer_waits_for_none_of_its_backends()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        Assert.Empty(wire.Resource.Annotations.OfType<WaitAnnotation>());
    }

    [Fact]
    public void A_second_listener_of_the_same_name_is_refused()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        var exception = Assert.Throws<ArgumentException>("name", () => wire.WithTcpListener("Echo", 7001, _echo.GetEndpoint("tcp")));

        Assert.StartsWith("'wire' has an endpoint 'Echo' already; a listener must have a name of its own.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("no spaces")]
    [InlineData("")]
    public void A_name_that_no_listener_can_have_is_refused(string name)
    {
        var wire = _builder.AddLayer4LoadBalancer("wire");

        Assert.Throws<ArgumentException>("name", () => wire.WithTcpListener(name, 7000, _echo.GetEndpoint("tcp")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(65_536)]
    public void What_is_no_port_is_refused(int port)
    {
        var wire = _builder.AddLayer4LoadBalancer("wire");

        Assert.Throws<ArgumentOutOfRangeException>("port", () => wire.WithTcpListener("echo", port, _echo.GetEndpoint("tcp")));
        Assert.Throws<ArgumentOutOfRangeException>("adminPort", () => _builder.AddLayer4LoadBalancer("other", port));
    }

    [Fact]
    public void A_udp_endpoint_is_refused()
    {
        _echo.WithEndpoint(name: "udp", scheme: "udp", env: "UDP", protocol: ProtocolType.Udp);
        var wire = _builder.AddLayer4LoadBalancer("wire");

        var exception = Assert.Throws<ArgumentException>("backend", () => wire.WithTcpListener("echo", 7000, _echo.GetEndpoint("udp")));

        Assert.StartsWith("'wire' cannot send to the endpoint 'udp' of 'echo', which is Udp; must be Tcp.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_balancer_cannot_send_to_itself_but_to_another_balancer()
    {
        var inner = _builder.AddLayer4LoadBalancer("inner").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));
        var outer = _builder.AddLayer4LoadBalancer("outer").WithTcpListener("inner", 7001, inner.GetListener("echo"));

        Assert.Equal("inner", Assert.Single(outer.Describe().LoadBalancer.Pools).Key);
        Assert.Throws<ArgumentException>("backend", () => inner.WithTcpListener("self", 7002, inner.GetListener("echo")));
    }

    [Fact]
    public void An_unknown_listener_is_named_with_those_there_are()
    {
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"));

        var exception = Assert.Throws<ArgumentException>("name", () => wire.GetListener("other"));

        Assert.StartsWith("'wire' has no listener 'other'; it has 'echo'.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timeout", "ConnectTimeout '00:00:00' is out of range; must be 00:00:00.01 to 00:05:00.")]
    [InlineData("idle", "IdleTimeout '00:00:00' is out of range; must be 00:00:01 to 7.00:00:00.")]
    [InlineData("attempts", "ConnectAttempts '17' is out of range; must be 1 to 16.")]
    public void A_value_out_of_range_is_refused_with_the_range(string what, string message)
    {
        var exception = Assert.Throws<ArgumentException>(() => _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"), l => _ = what switch
        {
            "timeout" => l.WithConnectTimeout(TimeSpan.Zero),
            "idle" => l.WithIdleTimeout(TimeSpan.Zero),
            _ => l.WithConnectAttempts(17),
        }));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(what == "attempts" ? "attempts" : "timeout", exception.ParamName);
    }

    [Fact]
    public void What_is_no_policy_is_refused()
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>("policy", () =>
            _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, _echo.GetEndpoint("tcp"), l => l.WithPolicy((SelectionPolicy)99)));

        Assert.Contains($"Must be {string.Join(", ", Enum.GetNames<SelectionPolicy>())}.", exception.Message, StringComparison.Ordinal);
    }
}
