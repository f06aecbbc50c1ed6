using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Grpc.Net.Client;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using LoadBalancer.Machine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>HTTP/3 where the machine has QUIC, and what is said where it has none.</summary>
public sealed class Http3Tests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_listener_speaks_HTTP_3_and_says_so_to_clients_of_the_others()
    {
        RequireQuic();
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync);
        await using var gateway = await StartAsync(backend.Address);
        var address = gateway.Balancer.UriOf("quic");
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = address };

        using var second = await client.SendAsync(Post(HttpVersion.Version20, "hello"), Cancelled);
        Assert.Contains($"h3=\":{address.Port}\"", Assert.Single(second.Headers.GetValues("Alt-Svc")));
        using var third = await client.SendAsync(Post(HttpVersion.Version30, new string('x', 1_000_000)), Cancelled);

        Assert.Equal((HttpVersion.Version30, "HTTP/1.1 " + new string('x', 1_000_000)), (third.Version, await third.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(HttpListenerProtocols.Http1AndHttp2AndHttp3, gateway.Balancer.Listener("quic").Protocols);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?length=1")]
    [InlineData("?late=1")]
    [InlineData("?length=1&late=1")]
    [InlineData("?cached=1")]
    [InlineData("?length=1&cached=1")]
    public async Task An_answer_comes_whole(string query)
    {
        RequireQuic();
        const int Size = 300_000;
        await using var backend = await ScriptedBackend.StartAsync(async context =>
        {
            var isLate = context.Request.Query.ContainsKey("late");
            context.Response.ContentLength = context.Request.Query.ContainsKey("length") ? Size : null;
            context.Response.Headers.CacheControl = context.Request.Query.ContainsKey("cached") ? "max-age=60" : "no-store";
            for (var i = 0; i < Size / 100_000; i++)
            {
                await context.Response.WriteAsync(new string('y', 100_000), context.RequestAborted);
                await (isLate ? Task.Delay(20, context.RequestAborted) : Task.CompletedTask);
            }
        });
        await using var gateway = await StartAsync(backend.Address, options => options.Layer7.Routes["all"].Cache = new());
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = gateway.Balancer.UriOf("quic") };

        // The last ones come out of the cache, where there is one.
        for (var i = 0; i < 5; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/" + query) { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await client.SendAsync(request, Cancelled);
            Assert.Equal((HttpStatusCode.OK, new string('y', Size)), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled)));
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_client_that_wants_no_more_of_an_answer_leaves_nothing_behind(bool isOwnWay, bool hasLength)
    {
        RequireQuic();
        using var logs = new LogRecorder("Microsoft.AspNetCore.Server.Kestrel");
        await using var backend = await ScriptedBackend.StartAsync(context =>
        {
            var size = int.Parse(context.Request.Query["size"]!, CultureInfo.InvariantCulture);
            context.Response.ContentLength = hasLength ? size : null;
            return context.Response.WriteAsync(new string('y', size), context.RequestAborted);
        });
        await using var gateway = await StartAsync(
            backend.Address,
            options =>
            {
                options.Layer7.Routes["all"].Transforms = isOwnWay ? [] : [new() { ["RequestHeadersCopy"] = "true" }];
                options.Layer7.Routes["all"].Timeouts.Idle = TimeSpan.FromSeconds(10);
            },
            logs);
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = gateway.Balancer.UriOf("quic") };

        // Some go while the balancer waits for room, some when it waits for the end to be taken.
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Cancelled }, async (i, cancellation) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/?size={50_000 + (i * 2_000)}") { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StringContent("body") };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            await body.ReadExactlyAsync(new byte[1 + (i * 100)], cancellation);
            await Task.Delay(i % 3 * 10, cancellation);
        });

        await gateway.FailuresAfterwardsAsync();
        Assert.DoesNotContain(logs.Lines, line => line.Contains("unhandled exception", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_breaks_off_is_reset_with_a_code_of_the_client_s_version(bool isOwnWay)
    {
        RequireQuic();
        await using var backend = new RawBackend(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegin");
        });
        await using var gateway = await StartAsync(backend.Address, options => options.Layer7.Routes["all"].Transforms = isOwnWay ? [] : [new() { ["RequestHeadersCopy"] = "true" }]);
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = gateway.Balancer.UriOf("quic") };

        // RFC 9113 §7 and RFC 9114 §8.1: INTERNAL_ERROR.
        Assert.Equal(0x2, await CodeAsync(HttpVersion.Version20));
        Assert.Equal(0x102, await CodeAsync(HttpVersion.Version30));

        async Task<long> CodeAsync(Version version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            var exception = await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request, Cancelled));
            while (exception is not HttpProtocolException)
            {
                exception = exception.InnerException ?? throw exception;
            }

            return ((HttpProtocolException)exception).ErrorCode;
        }
    }

    [Fact]
    public async Task A_backend_is_spoken_to_in_HTTP_3_by_the_trust_of_its_pool()
    {
        RequireQuic();
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync, HttpProtocols.Http1AndHttp2AndHttp3, _authority, (kestrel, configure) => kestrel.Listen(IPAddress.Loopback, FreePorts.Take(), configure));
        using var stranger = TestAuthority.Create("Stranger");
        await using var gateway = await StartAsync(backend.Address, options => options.Pools["web"].HttpVersion = BackendHttpVersion.Http3);
        using var client = gateway.CreateClient(ClientKind.H2Tls);
        Assert.Equal("HTTP/3 ", await client.GetStringAsync("/", Cancelled));

        await using var distrusting = await StartAsync(backend.Address, options =>
        {
            options.Pools["web"].HttpVersion = BackendHttpVersion.Http3;
            options.Pools["web"].BackendTls!.ServerName = "elsewhere";
        });
        using var other = distrusting.CreateClient(ClientKind.H1);
        using var response = await other.GetAsync("/", Cancelled);
        Assert.InRange((int)response.StatusCode, 502, 503);
    }

    [Theory]
    [InlineData(BackendHttpVersion.Auto)]
    [InlineData(BackendHttpVersion.Http3)]
    public async Task Streams_of_gRPC_pass_both_ways(BackendHttpVersion version)
    {
        RequireQuic();
        var service = new GrpcEcho();
        await using var backend = await ScriptedBackend.StartAsync(
            services => services.AddSingleton(service).AddSingleton<IServiceMethodProvider<GrpcEcho>>(service).AddGrpc(),
            app => app.MapGrpcService<GrpcEcho>(),
            HttpProtocols.Http1AndHttp2AndHttp3,
            _authority,
            (kestrel, configure) => kestrel.Listen(IPAddress.Loopback, FreePorts.Take(), configure));
        await using var gateway = await StartAsync(backend.Address, options => options.Pools["web"].HttpVersion = version);
        using var channel = GrpcChannel.ForAddress(
            gateway.Balancer.UriOf("quic"),
            new() { HttpHandler = gateway.CreateHandler(), DisposeHttpClient = true, HttpVersion = HttpVersion.Version30, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact });

        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(GrpcEcho.Duplex, null, new CallOptions(cancellationToken: Cancelled));
        for (var i = 0; i < 5; i++)
        {
            await call.RequestStream.WriteAsync($"{i}", Cancelled);
            Assert.True(await call.ResponseStream.MoveNext(Cancelled));
            Assert.Equal($"{i}!", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Cancelled));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(ClientKind.H1)]
    [InlineData(ClientKind.H2Tls)]
    public async Task A_web_socket_goes_over_TCP_where_the_pool_speaks_HTTP_3(ClientKind kind)
    {
        RequireQuic();
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, context.Request.Protocol, context.RequestAborted);
            },
            HttpProtocols.Http1AndHttp2AndHttp3,
            _authority,
            (kestrel, configure) => kestrel.Listen(IPAddress.Loopback, FreePorts.Take(), configure));
        await using var gateway = await StartAsync(backend.Address, options => options.Pools["web"].HttpVersion = BackendHttpVersion.Http3);
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(gateway.CreateHandler());
        socket.Options.HttpVersion = kind == ClientKind.H1 ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var address = gateway.UriOf(kind);

        await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws" }.Uri, invoker, Cancelled);
        await socket.ReceiveAsync(new byte[10].AsMemory(), Cancelled);

        Assert.Equal("HTTP/2", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task Health_checks_speak_HTTP_3_where_the_pool_does()
    {
        RequireQuic();
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync, HttpProtocols.Http3, _authority, (kestrel, configure) => kestrel.Listen(IPAddress.Loopback, FreePorts.Take(), configure));

        // Starting waits until the check has passed.
        await using var gateway = await StartAsync(backend.Address, options =>
        {
            options.Pools["web"].HttpVersion = BackendHttpVersion.Http3;
            options.Pools["web"].HealthCheck = options.Pools["web"].HealthCheck with { Type = HealthCheckType.Http };
        });
        using var client = gateway.CreateClient(ClientKind.H1);
        Assert.Equal("HTTP/3 ", await client.GetStringAsync("/", Cancelled));
    }

    [Fact]
    public async Task Without_QUIC_a_listener_speaks_the_others_and_the_log_warns()
    {
        Assert.SkipWhen(Quic.IsSupported, "This machine has QUIC.");
        using var logs = new LogRecorder();
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync);
        await using var gateway = await StartAsync(backend.Address, logs: logs);
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = gateway.Balancer.UriOf("quic") };

        using var response = await client.SendAsync(Post(HttpVersion.Version20, "hello"), Cancelled);

        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.False(response.Headers.Contains("Alt-Svc"));
        Assert.Equal(HttpListenerProtocols.Http1AndHttp2, gateway.Balancer.Listener("quic").Protocols);
        Assert.Contains(logs.Lines, line => line.StartsWith("Warning: Listener quic: HTTP/3 needs QUIC, which this machine does not have; HTTP/1.1 and HTTP/2 are spoken.", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_QUIC_a_pool_that_needs_it_is_an_error()
    {
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HttpVersion = BackendHttpVersion.Http3;

        var errors = Quic.Validate(options).ToArray();

        if (Quic.IsSupported)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.Equal(("LoadBalancer:Pools:web:HttpVersion", "'Http3' needs QUIC, which this machine does not have; must be one of Auto, Http1, Http2. On Linux it comes with the package libmsquic."), (errors.Single().Key, errors.Single().Message));
        }
    }

    [Fact]
    public async Task A_backend_s_own_offer_of_another_service_does_not_reach_the_client()
    {
        await using var backend = await ScriptedBackend.StartAsync(context =>
        {
            context.Response.Headers.AltSvc = "h3=\":9\"; ma=86400";
            return context.Response.WriteAsync("ok");
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var client = gateway.CreateClient(ClientKind.H1);

        using var response = await client.GetAsync("/", Cancelled);

        Assert.False(response.Headers.Contains("Alt-Svc"));
    }

    private static void RequireQuic() => Assert.SkipUnless(Quic.IsSupported, "This machine has no QUIC (libmsquic).");

    private static HttpRequestMessage Post(Version version, string body) => new(HttpMethod.Post, "/") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StringContent(body) };

    private static async Task EchoAsync(HttpContext context)
    {
        await context.Response.WriteAsync($"{context.Request.Protocol} ");
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private Task<Gateway> StartAsync(string address, Action<LoadBalancerOptions>? configure = null, LogRecorder? logs = null) => Gateway.StartAsync(
        _authority,
        address,
        options =>
        {
            options.Layer7.Listeners["quic"] = new() { Address = "127.0.0.1:0", Protocols = HttpListenerProtocols.Http1AndHttp2AndHttp3, Tls = options.Layer7.Listeners["tls"].Tls };
            configure?.Invoke(options);
        },
        logs);
}
