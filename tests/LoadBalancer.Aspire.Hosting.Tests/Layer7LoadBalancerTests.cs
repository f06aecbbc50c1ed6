using System.Text;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Tests;

public sealed class Layer7LoadBalancerTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<ProjectResource> _catalog;

    public Layer7LoadBalancerTests()
    {
        _catalog = _builder.AddProject<TestProject>("catalog", options => options.LaunchProfileName = "http").WithReplicas(3);
    }

    private RouteOptions Route(Action<Layer7RouteBuilder>? configure = null, string path = "/{**rest}") =>
        Assert.Single(_builder.AddLayer7LoadBalancer("edge").WithRoute(path, _catalog, configure).Describe().LoadBalancer.Layer7.Routes).Value;

    [Fact]
    public void The_entrance_is_an_endpoint_that_the_balancer_itself_listens_on()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge", port: 8080, adminPort: 9080);

        var entrance = edge.Resource.HttpEndpoint.EndpointAnnotation;
        var admin = edge.Resource.AdminEndpoint.EndpointAnnotation;

        Assert.Equal(("http", "http", 8080, 8080, false), (entrance.Name, entrance.UriScheme, entrance.Port, entrance.TargetPort, entrance.IsProxied));
        Assert.Equal(("admin", "http", 9080, 9080, false), (admin.Name, admin.UriScheme, admin.Port, admin.TargetPort, admin.IsProxied));
    }

    [Fact]
    public async Task Addresses_are_given_as_environment_variables_made_of_the_endpoints_ports()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge");

        var environment = await Model.EnvironmentOfAsync(edge.Resource);

        Assert.Equal("localhost:{edge.bindings.http.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Layer7__Listeners__http__Address"]));
        Assert.Equal("localhost:{edge.bindings.admin.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Admin__Address"]));
    }

    [Fact]
    public async Task A_service_that_references_it_learns_its_entrance_and_not_its_admin_endpoint()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge");
        var client = _builder.AddProgram("client").WithReference(edge);

        var environment = await Model.EnvironmentOfAsync(client.Resource);

        Assert.Equal("{edge.bindings.http.url}", Model.ExpressionOf(environment["services__edge__http__0"]));
        Assert.DoesNotContain(environment.Keys, key => key.Contains("admin", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_sample_of_the_documentation_becomes_the_configuration_it_says()
    {
        var auth = _builder.AddProject<TestProject>("auth", options => options.LaunchProfileName = "http").WithReplicas(2);
        var edge = _builder.AddLayer7LoadBalancer("edge", port: 8080)
            .WithRoute("/auth/{**rest}", auth)
            .WithRoute("/about", _catalog, r => r.WithCache(TimeSpan.FromSeconds(30)))
            .WithRoute("/{**rest}", _catalog, r => r.WithSessionAffinity());

        var file = edge.Describe(("catalog", "catalog-abc", "127.0.0.1:5001"));
        var routes = file.LoadBalancer.Layer7.Routes;

        Assert.Equal(["auth", "about", "default"], routes.Keys);
        Assert.Equal(("/auth/{**rest}", "auth", "/auth"), (routes["auth"].Path, routes["auth"].Pool, routes["auth"].RemovePrefix));
        Assert.Equal(("/about", "catalog", null, TimeSpan.FromSeconds(30)), (routes["about"].Path, routes["about"].Pool, routes["about"].RemovePrefix, routes["about"].Cache!.Duration));
        Assert.Equal(("/{**rest}", "catalog", null, "lb-affinity-catalog"), (routes["default"].Path, routes["default"].Pool, routes["default"].RemovePrefix, routes["default"].SessionAffinity!.CookieFor("catalog")));
        Assert.Equal(["auth", "catalog"], file.LoadBalancer.Pools.Keys);
        Assert.Equal("http://catalog", file.LoadBalancer.Pools["catalog"].Service);
        Assert.Equal(["127.0.0.1:5001"], file.Services["catalog"]["http"]);
        Assert.Empty(file.Services["auth"]["http"]);
    }

    [Fact]
    public void Every_option_of_a_route_reaches_the_configuration()
    {
        var route = Route(r => r
            .WithPolicy(SelectionPolicy.PowerOfTwoChoices)
            .WithCache(TimeSpan.FromMinutes(5))
            .WithSessionAffinity("sticky")
            .WithHosts("example.com", "*.example.org")
            .WithMethods("GET", "HEAD")
            .WithHeader("X-Version", "1", "2")
            .WithHeader("X-Beta")
            .WithQuery("v", "1")
            .WithOrder(-1)
            .WithPathRemovePrefix("/shop"));

        Assert.Equal(SelectionPolicy.PowerOfTwoChoices, route.Policy);
        Assert.Equal(TimeSpan.FromMinutes(5), route.Cache!.Duration);
        Assert.Equal("sticky", route.SessionAffinity!.CookieFor("catalog"));
        Assert.Equal(["example.com", "*.example.org"], route.Hosts);
        Assert.Equal(["GET", "HEAD"], route.Methods);
        Assert.Equal(["1", "2"], route.Headers["X-Version"]);
        Assert.Empty(route.Headers["X-Beta"]);
        Assert.Equal(["1"], route.Query["v"]);
        Assert.Equal(-1, route.Order);
        Assert.Equal("/shop", route.RemovePrefix);
    }

    [Fact]
    public void The_whole_path_is_sent_where_that_is_asked_for() =>
        Assert.Null(Route(r => r.WithFullPath(), "/auth/{**rest}").RemovePrefix);

    [Fact]
    public void A_route_to_a_resource_without_an_endpoint_named_http_takes_its_only_one()
    {
        var api = _builder.AddProgram("api").WithHttpEndpoint(name: "web", env: "PORT").WithEndpoint(name: "tcp", scheme: "tcp", env: "TCP");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/", api);

        Assert.Equal("web", Assert.Single(edge.Resource.Pools).Endpoint.EndpointName);
    }

    [Fact]
    public void A_route_to_a_resource_with_several_endpoints_over_http_asks_which_one()
    {
        var api = _builder.AddProgram("api").WithHttpEndpoint(name: "one", env: "ONE").WithHttpEndpoint(name: "two", env: "TWO");
        var edge = _builder.AddLayer7LoadBalancer("edge");

        var exception = Assert.Throws<ArgumentException>("backend", () => edge.WithRoute("/", api));

        Assert.StartsWith("'api' has only 'one', 'two'; it must have an endpoint 'http', or exactly one over HTTP or HTTPS.", exception.Message, StringComparison.Ordinal);
        Assert.Equal("two", Assert.Single(edge.WithRoute("/", api.GetEndpoint("two")).Resource.Pools).Endpoint.EndpointName);
    }

    [Fact]
    public void A_route_to_a_resource_without_an_endpoint_is_refused()
    {
        var job = _builder.AddProgram("job");

        var exception = Assert.Throws<ArgumentException>("backend", () => _builder.AddLayer7LoadBalancer("edge").WithRoute("/", job));

        Assert.StartsWith("'job' has no endpoint;", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_route_to_an_endpoint_that_is_not_http_is_refused()
    {
        var echo = _builder.AddProgram("echo").WithEndpoint(name: "tcp", scheme: "tcp", env: "PORT");

        var exception = Assert.Throws<ArgumentException>("backend", () => _builder.AddLayer7LoadBalancer("edge").WithRoute("/", echo.GetEndpoint("tcp")));

        Assert.StartsWith("'edge' cannot send to the endpoint 'tcp' of 'echo', which has the scheme 'tcp'; must be http or https.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backends_over_https_are_reached_by_the_name_their_certificate_has()
    {
        var api = _builder.AddProgram("api").WithHttpsEndpoint(env: "PORT");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/", api);

        var file = edge.Describe(("api", "api-abc", "localhost:5001"));

        Assert.Equal("https://api", file.LoadBalancer.Pools["api"].Service);
        Assert.Equal(["https://localhost:5001"], file.Services["api"]["https"]);
        Assert.Equal("localhost:5001", file.LoadBalancer.Pools["api"].Backends["api-abc"].Address);
    }

    [Theory]
    [InlineData("about", "Path 'about' is not a path")]
    [InlineData("", "Path '' is not a path")]
    [InlineData("/a b", "Path '/a b' is not a path")]
    [InlineData("/{**rest}/more", "'/{**rest}/more' is not a path template")]
    [InlineData("/{id", "'/{id' is not a path template")]
    public void What_is_no_path_is_refused(string path, string message)
    {
        var exception = Assert.Throws<ArgumentException>("path", () => _builder.AddLayer7LoadBalancer("edge").WithRoute(path, _catalog));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed()
    {
        Refuses("duration", "Cache:Duration '00:00:00' is out of range; must be 00:00:01 to 1.00:00:00.", r => r.WithCache(TimeSpan.Zero));
        Refuses("cookie", "SessionAffinity:Cookie 'a b' is not a cookie name", r => r.WithSessionAffinity("a b"));
        Refuses("hosts", "Hosts:0 'http://x' is not a host", r => r.WithHosts("http://x"));
        Refuses("hosts", "Must have at least one value.", r => r.WithHosts());
        Refuses("methods", "Methods:1 'NO GOOD' is not an HTTP method", r => r.WithMethods("GET", "NO GOOD"));
        Refuses("name", "Headers:a b 'a b' is not a header name", r => r.WithHeader("a b"));
        Refuses("name", "'a:b' has a ':'", r => r.WithQuery("a:b"));
        Refuses("prefix", "RemovePrefix 'auth' is not a path", r => r.WithPathRemovePrefix("auth"));
        Refuses("name", "'a:b' is not a name of a route", r => r.WithName("a:b"));

        void Refuses(string argument, string message, Action<Layer7RouteBuilder> configure)
        {
            var builder = Model.NewBuilder();
            var backend = builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
            var exception = Assert.Throws<ArgumentException>(argument, () => builder.AddLayer7LoadBalancer("edge").WithRoute("/", backend, configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/items/{id}", "/items/{id}")]
    [InlineData("/items/{id}", "/ITEMS/{number}")]
    [InlineData("/{**rest}", "/{**path}")]
    public void A_second_route_with_the_same_conditions_is_refused(string first, string second)
    {
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute(first, _catalog, r => r.WithMethods("GET", "HEAD"));

        Assert.Throws<ArgumentException>("path", () => edge.WithRoute(second, _catalog, r => r.WithMethods("head", "get")));
    }

    [Fact]
    public void Routes_for_the_same_path_with_other_conditions_get_names_of_their_own()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge")
            .WithRoute("/items/{id}", _catalog, r => r.WithMethods("GET"))
            .WithRoute("/items/{id}", _catalog, r => r.WithMethods("PUT"))
            .WithRoute("/items/{id}", _catalog, r => r.WithHeader("X-Beta"))
            .WithRoute("/items/{id:int}", _catalog, r => r.WithName("numbers"));

        Assert.Equal(["items-id", "items-id-2", "items-id-3", "numbers"], edge.Resource.Routes.Keys);
    }

    [Fact]
    public void A_second_route_of_the_same_name_is_refused()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/a", _catalog, r => r.WithName("mine"));

        var exception = Assert.Throws<ArgumentException>(() => edge.WithRoute("/b", _catalog, r => r.WithName("Mine")));

        Assert.StartsWith("'edge' has a route 'Mine' already", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_536)]
    public void What_is_no_port_is_refused(int port)
    {
        Assert.Throws<ArgumentOutOfRangeException>("port", () => _builder.AddLayer7LoadBalancer("edge", port));
        Assert.Throws<ArgumentOutOfRangeException>("adminPort", () => _builder.AddLayer7LoadBalancer("edge", adminPort: port));
    }

    [Fact]
    public void The_written_configuration_is_one_that_the_server_accepts()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge")
            .WithRoute("/items/{id:int}", _catalog, r => r.WithHeader("X-Beta").WithHosts("example.com:8080").WithOrder(3))
            .WithRoute("/{**rest}", _catalog);

        var errors = Read(edge.Describe(("catalog", "catalog-abc", "127.0.0.1:5001"), ("catalog", "catalog-def", "127.0.0.1:5002")));

        // Where it listens is given by an environment variable.
        Assert.Equal(["LoadBalancer:Layer7:Listeners:http:Address"], errors.Select(error => error.Key));
    }

    private static IReadOnlyList<ConfigurationError> Read(ConfigurationFile file)
    {
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(file.ToJson()));
        return ConfigurationReader.Read(new ConfigurationBuilder().AddJsonStream(json).Build()).Errors;
    }
}
