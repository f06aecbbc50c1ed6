using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Backends elsewhere than at 127.0.0.1: Unix domain sockets and IPv6.</summary>
public sealed class BackendAddressTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-unix-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, BackendHttpVersion.Auto, "HTTP/1.1")]
    [InlineData(HttpProtocols.Http2, BackendHttpVersion.Http2, "HTTP/2")]
    public async Task A_Unix_domain_socket_is_a_backend_with_checks_over_HTTP(HttpProtocols protocols, BackendHttpVersion version, string expected)
    {
        await using var backend = await StartUnixAsync("a.sock", protocols, context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Host} {context.Request.Path}"));
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options =>
        {
            options.Pools["web"].HttpVersion = version;
            options.Pools["web"].HealthCheck = options.Pools["web"].HealthCheck with { Type = HealthCheckType.Http, Path = "/health" };
        });
        using var client = gateway.CreateClient(ClientKind.H1);

        Assert.Equal($"{expected} localhost /x", await client.GetStringAsync("/x", Cancelled));
        var statistics = gateway.Balancer.Pools.Find("web")!.GetStatistics().Backends.Single();
        Assert.Equal((BackendState.Healthy, backend.Address), (statistics.State, statistics.Address));
    }

    [Fact]
    public async Task Unix_domain_sockets_of_one_pool_are_kept_apart()
    {
        await using var a = await StartUnixAsync("a.sock", HttpProtocols.Http1, context => context.Response.WriteAsync("a"));
        await using var b = await StartUnixAsync("b.sock", HttpProtocols.Http1, context => context.Response.WriteAsync("b"));
        await using var gateway = await Gateway.StartAsync(_authority, a.Address);
        await gateway.Balancer.SetBackendsAsync("web", a.Address, b.Address);
        using var client = gateway.CreateClient(ClientKind.H1);

        var answers = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            answers.Add(await client.GetStringAsync("/", Cancelled));
        }

        Assert.Equal([("a", 10), ("b", 10)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task A_Unix_domain_socket_whose_check_fails_is_unhealthy_and_says_why()
    {
        await using var backend = await StartUnixAsync("a.sock", HttpProtocols.Http1, context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = options.Pools["web"].HealthCheck with { Type = HealthCheckType.Http, Path = "/health" };
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>());
        balancer.SetBackends("web", backend.Address);

        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends is [{ State: BackendState.Unhealthy } only] && only.Address.StartsWith("unix:", StringComparison.Ordinal));

        Assert.Equal("GET /health answered 503", balancer.Pools.Find("web")!.GetStatistics().Backends[0].LastError);
    }

    [Fact]
    public async Task A_Unix_domain_socket_that_nobody_listens_on_is_503_and_another_takes_its_place()
    {
        await using var a = await StartUnixAsync("a.sock", HttpProtocols.Http1, context => context.Response.WriteAsync("a"));
        await using var gateway = await Gateway.StartAsync(_authority, a.Address, options => options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None });
        await gateway.Balancer.SetBackendsAsync("web", $"unix:{_directory.FullName}/nobody.sock", a.Address);
        using var client = gateway.CreateClient(ClientKind.H1);

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("a", await client.GetStringAsync("/", Cancelled));
        }

        await gateway.Balancer.SetBackendsAsync("web", $"unix:{_directory.FullName}/nobody.sock");
        using var response = await client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.DoesNotContain("sock", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Listener_and_backend_may_be_at_IPv6(bool tls)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && HasLoopback(), "This machine has no IPv6.");
        await using var backend = await ScriptedBackend.StartAsync(
            context => context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["for"] = context.Request.Headers["X-Forwarded-For"].ToString(), ["host"] = context.Request.Host.Value! }),
            HttpProtocols.Http1,
            bind: (kestrel, configure) => kestrel.Listen(IPAddress.IPv6Loopback, 0, listen =>
            {
                configure(listen);
                if (tls)
                {
                    listen.UseHttps(_authority.Issue("::1"));
                }
            }));
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options => options.Layer7.Listeners["v6"] = new() { Address = "[::1]:0" });
        using var client = new HttpClient { BaseAddress = gateway.Balancer.UriOf("v6") };

        var answer = await client.GetFromJsonAsync<Dictionary<string, string>>("/", Cancelled);

        Assert.StartsWith("http://[::1]:", client.BaseAddress.AbsoluteUri);
        Assert.Equal(("::1", new Uri(backend.Address).Authority), (answer!["for"].Trim('[', ']', '"'), answer["host"]));
    }

    private static bool HasLoopback()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Task<ScriptedBackend> StartUnixAsync(string name, HttpProtocols protocols, RequestDelegate answer) =>
        ScriptedBackend.StartAsync(answer, protocols, bind: (kestrel, configure) => kestrel.ListenUnixSocket(Path.Combine(_directory.FullName, name), configure));
}
