using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>The HTTP version of a pool, and how connections to its backends are made.</summary>
public sealed class BackendVersionTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(BackendHttpVersion.Auto, true, "HTTP/2")]
    [InlineData(BackendHttpVersion.Http1, true, "HTTP/1.1")]
    [InlineData(BackendHttpVersion.Http2, true, "HTTP/2")]
    [InlineData(BackendHttpVersion.Auto, false, "HTTP/1.1")]
    [InlineData(BackendHttpVersion.Http1, false, "HTTP/1.1")]
    public async Task A_backend_that_speaks_both_is_spoken_to_as_the_pool_says(BackendHttpVersion version, bool tls, string expected)
    {
        await using var backend = await ScriptedBackend.StartAsync(TellVersionAsync, HttpProtocols.Http1AndHttp2, tls ? _authority : null);
        await using var gateway = await StartAsync(backend.Address, version);
        using var client = gateway.CreateClient(ClientKind.H1);

        Assert.Equal(expected, await client.GetStringAsync("/", Cancelled));
    }

    [Theory]
    [InlineData(BackendHttpVersion.Http2, HttpProtocols.Http1, true)]
    [InlineData(BackendHttpVersion.Http2, HttpProtocols.Http1, false)]
    [InlineData(BackendHttpVersion.Http1, HttpProtocols.Http2, true)]
    [InlineData(BackendHttpVersion.Http1, HttpProtocols.Http2, false)]
    public async Task A_backend_that_does_not_speak_the_version_of_its_pool_is_an_error_and_not_spoken_to_otherwise(BackendHttpVersion version, HttpProtocols protocols, bool tls)
    {
        var requests = 0;
        await using var backend = await ScriptedBackend.StartAsync(
            context =>
            {
                Interlocked.Increment(ref requests);
                return TellVersionAsync(context);
            },
            protocols,
            tls ? _authority : null);
        await using var gateway = await StartAsync(backend.Address, version);
        using var client = gateway.CreateClient(ClientKind.H1);

        using var response = await client.GetAsync("/", Cancelled);

        Assert.InRange((int)response.StatusCode, 400, 599);
        Assert.Equal(0, requests);
    }

    [Fact]
    public async Task Another_version_in_the_configuration_holds_from_the_next_request_on()
    {
        await using var backend = await ScriptedBackend.StartAsync(TellVersionAsync, HttpProtocols.Http1AndHttp2, _authority);
        await using var gateway = await StartAsync(backend.Address, BackendHttpVersion.Http1);
        using var client = gateway.CreateClient(ClientKind.H1);
        Assert.Equal("HTTP/1.1", await client.GetStringAsync("/", Cancelled));

        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"] = gateway.Options.Pools["web"] with { HttpVersion = BackendHttpVersion.Http2 };
        await gateway.Balancer.ApplyAsync(options);

        Assert.Equal("HTTP/2", await client.GetStringAsync("/", Cancelled));
    }

    [Theory]
    [InlineData(BackendHttpVersion.Http2, HttpProtocols.Http2, false)]
    [InlineData(BackendHttpVersion.Auto, HttpProtocols.Http2, true)]
    [InlineData(BackendHttpVersion.Auto, HttpProtocols.Http1, true)]
    public async Task Health_checks_over_HTTP_speak_the_version_of_the_pool(BackendHttpVersion version, HttpProtocols protocols, bool tls)
    {
        await using var backend = await ScriptedBackend.StartAsync(TellVersionAsync, protocols, tls ? _authority : null);

        // Starting waits until the check has passed.
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options =>
        {
            options.Pools["web"].HttpVersion = version;
            options.Pools["web"].HealthCheck = options.Pools["web"].HealthCheck with { Type = HealthCheckType.Http };
        });
    }

    [Theory]
    [InlineData(ClientKind.H1)]
    [InlineData(ClientKind.H2C)]
    public async Task A_backend_that_does_not_accept_a_connection_in_time_is_passed_over(ClientKind client)
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var good = await ScriptedBackend.StartAsync(TellVersionAsync);
        await using var gateway = await Gateway.StartAsync(_authority, good.Address, options =>
        {
            options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
            // The time is for the one that accepts as well, on a busy machine.
            options.Layer7.Routes["all"].Timeouts.Connect = TimeSpan.FromSeconds(1);
        });
        await gateway.Balancer.SetBackendsAsync("web", $"http://{silent.Address}", good.Address);
        using var http = gateway.CreateClient(client);

        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("HTTP/1.1", await http.GetStringAsync("/", Cancelled));
        }

        // The kernel alone would try for two minutes.
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(100));
        Assert.InRange(gateway.Balancer.Pools.Find("web")!.GetStatistics().Backends.Single(backend => backend.Address == $"{silent.Address}").Failures, 1, 4);
    }

    [Fact]
    public async Task A_backend_that_accepts_and_does_not_shake_hands_in_time_is_not_waited_for()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var gateway = await Gateway.StartAsync(_authority, $"https://{listener.LocalEndpoint}", options =>
        {
            options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
            options.Layer7.Routes["all"].Timeouts.Connect = TimeSpan.FromMilliseconds(300);
        });
        using var http = gateway.CreateClient(ClientKind.H1);

        using var response = await http.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
    }

    [Fact]
    public async Task More_requests_at_once_than_a_connection_has_streams_go_on_further_connections()
    {
        var inside = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                if (Interlocked.Increment(ref inside) == 350)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(context.RequestAborted);
                await context.Response.WriteAsync(context.Connection.Id);
            },
            HttpProtocols.Http2);
        await using var gateway = await StartAsync(backend.Address, BackendHttpVersion.Http2);
        using var client = gateway.CreateClient(ClientKind.H1);

        var answers = await Task.WhenAll(Enumerable.Range(0, 350).Select(_ => client.GetStringAsync("/", Cancelled)));

        // 100 on each, as Kestrel allows.
        Assert.InRange(answers.Distinct().Count(), 4, 10);
    }

    private static Task TellVersionAsync(HttpContext context) => context.Response.WriteAsync(context.Request.Protocol);

    private Task<Gateway> StartAsync(string address, BackendHttpVersion version) => Gateway.StartAsync(_authority, address, options => options.Pools["web"].HttpVersion = version);
}
