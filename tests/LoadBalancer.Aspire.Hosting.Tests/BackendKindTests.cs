using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using LoadBalancer.Machine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.ServiceDiscovery;

namespace Aspire.Hosting.Tests;

/// <summary>
/// Programs and external services as backends, and who consumes the balancers in front of them: two AppHosts that run at
/// the same time, with resources of the same names.
/// </summary>
public sealed class BackendKindTests(BackendKindTests.Fixture fixture) : IClassFixture<BackendKindTests.Fixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_gets_the_requests_of_both_its_schemes_by_way_of_its_balancer()
    {
        var environment = await fixture.First.EnvironmentOfAsync("client", Cancelled);
        using var client = fixture.NewTrustingClient();

        foreach (var scheme in new[] { "http", "https" })
        {
            var address = environment[$"services__web__{scheme}__0"]!;
            Assert.Equal(fixture.First.GetEndpoint("web-lb", scheme).ToString().TrimEnd('/'), address);
            var headers = (await client.GetFromJsonAsync<JsonElement>(new Uri($"{address}/headers"), Cancelled)).GetProperty("headers");
            // HTTP/2, which TLS brings along, has small letters.
            Assert.Equal(scheme, headers.EnumerateObject().Single(header => header.Name.Equals("X-Forwarded-Proto", StringComparison.OrdinalIgnoreCase)).Value.GetString());
        }

        using var balancer = await fixture.First.CreateLoadBalancerClientAsync("web-lb", Cancelled);
        var statistics = await balancer.GetStatisticsAsync(Cancelled);
        Assert.Equal([("http", 1L), ("https", 1L)], statistics.Layer7.Routes.Select(route => (route.Name, route.Forwarded)));
        Assert.Equal(["http://web", "https://web-https"], statistics.Pools.Select(pool => pool.Service).Order(StringComparer.Ordinal));
        Assert.Equal(1, statistics.Pools.Single(pool => pool.Name == "web-https").Backends.Single().Picks);
    }

    [Fact]
    public async Task The_balancer_presents_the_certificate_of_the_program()
    {
        using var connection = new TcpClient();
        var endpoint = fixture.First.GetEndpoint("web-lb", "https");
        await connection.ConnectAsync(endpoint.Host, endpoint.Port, Cancelled);
        await using var tls = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);

        await tls.AuthenticateAsClientAsync("localhost");

        Assert.Equal(fixture.Certificate.Thumbprint, Assert.IsType<X509Certificate2>(tls.RemoteCertificate).Thumbprint);
    }

    [Fact]
    public async Task A_service_that_redirects_to_https_sends_its_clients_to_the_balancer() => Assert.Equal(
        $"{fixture.First.GetEndpoint("web-lb", "https").Port}",
        (await fixture.First.EnvironmentOfAsync("web", Cancelled))["ASPNETCORE_HTTPS_PORT"]);

    [Fact]
    public async Task A_program_over_TCP_and_UDP_is_reached_through_a_balancer_that_keeps_its_schemes()
    {
        var environment = await fixture.First.EnvironmentOfAsync("client", Cancelled);
        var (tcp, udp) = (new Uri(environment["RAW_TCP"]!), new Uri(environment["RAW_UDP"]!));

        Assert.Equal((fixture.First.GetEndpoint("raw-lb", "tcp").Port, fixture.First.GetEndpoint("raw-lb", "udp").Port), (tcp.Port, udp.Port));
        Assert.EndsWith(" over TCP", await AskTcpAsync(tcp.Port, "over TCP"), StringComparison.Ordinal);
        Assert.EndsWith(" over UDP", await AskUdpAsync(udp.Port, "over UDP"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_that_is_referenced_is_found_by_its_name()
    {
        var environment = await fixture.First.EnvironmentOfAsync("client", Cancelled);

        Assert.Equal(fixture.First.GetEndpoint("wire", "echo").ToString().TrimEnd('/'), environment["services__wire__echo__0"]);
        await using var services = NewServiceDiscovery(environment);
        var found = await services.GetRequiredService<ServiceEndpointResolver>().GetEndpointsAsync("tcp://_echo.wire", Cancelled);
        var endpoint = Assert.Single(found.Endpoints).EndPoint;
        Assert.EndsWith(" by name", await AskTcpAsync(endpoint is UriEndPoint uri ? uri.Uri.Port : ((DnsEndPoint)endpoint).Port, "by name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_balancer_that_is_referenced_is_asked_by_its_name()
    {
        await using var services = NewServiceDiscovery(await fixture.First.EnvironmentOfAsync("client", Cancelled));
        using var client = services.GetRequiredService<IHttpClientFactory>().CreateClient();

        Assert.Equal("/base/today", await client.GetStringAsync(new Uri("http://edge/weather/today"), Cancelled));
    }

    [Fact]
    public async Task An_external_service_gets_requests_under_the_path_of_its_URL_and_with_its_own_name()
    {
        using var client = fixture.First.CreateHttpClient("edge", "http");

        Assert.Equal("/base/today", await client.GetStringAsync("/weather/today", Cancelled));
        Assert.Equal($"localhost:{fixture.External.Port}", await client.GetStringAsync("/weather/host", Cancelled));
        // The same service, whose URL is a parameter's.
        Assert.Equal("/base/today", await client.GetStringAsync("/later/base/today", Cancelled));
        using var balancer = await fixture.First.CreateLoadBalancerClientAsync("edge", Cancelled);
        Assert.Equal(["later", "weather"], (await balancer.GetStatisticsAsync(Cancelled)).Pools.Select(pool => Assert.Single(pool.Backends).Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_balancer_runs_and_says_what_it_lacks_while_its_service_was_never_started()
    {
        // It listens; as a whole it is not healthy, since its pool has no backend.
        await fixture.First.ResourceNotifications.WaitForResourceAsync("never-lb", report => report.Snapshot.HealthReports.Any(check => check.Status == HealthStatus.Healthy), Cancelled);
        using var client = fixture.First.CreateHttpClient("never-lb", "http");

        using var refused = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("No backend is known: its service has not started yet, or is stopped.", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_health_of_a_balancer_covers_the_pool_of_an_endpoint_that_came_later()
    {
        var report = await fixture.First.ResourceNotifications.WaitForResourceHealthyAsync("raw-lb", Cancelled);

        Assert.Equal(
            [("raw-lb_raw-udp_pool_check", HealthStatus.Healthy), ("raw-lb_raw_pool_check", HealthStatus.Healthy)],
            report.Snapshot.HealthReports.Where(check => check.Name.EndsWith("_pool_check", StringComparison.Ordinal)).Select(check => (check.Name, check.Status!.Value)).Order());
    }

    [Fact]
    public async Task Who_is_told_that_the_only_replica_is_healthy_again_reaches_it_at_once()
    {
        using var client = fixture.First.CreateHttpClient("checked-lb", "http");
        for (var cycle = 0; cycle < 3; cycle++)
        {
            var running = await fixture.First.ResourceNotifications.WaitForResourceHealthyAsync("checked", Cancelled);
            await fixture.First.ResourceCommands.ExecuteCommandAsync(running.ResourceId, KnownResourceCommands.StopCommand, Cancelled);
            // Long before Aspire asks again, which it does every 30 s.
            await fixture.First.ResourceNotifications.WaitForResourceAsync("checked-lb", report => report.Snapshot.HealthStatus == HealthStatus.Unhealthy, Cancelled)
                .WaitAsync(TimeSpan.FromSeconds(25), Cancelled);
            await fixture.First.ResourceCommands.ExecuteCommandAsync(running.ResourceId, KnownResourceCommands.StartCommand, Cancelled);
            await fixture.First.ResourceNotifications.WaitForResourceAsync("checked", report => report.Snapshot.HealthStatus == HealthStatus.Healthy, Cancelled);

            using var answer = await client.GetAsync("/", Cancelled);

            Assert.True(answer.IsSuccessStatusCode, $"Cycle {cycle}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancelled)}");
            await fixture.First.ResourceNotifications.WaitForResourceHealthyAsync("checked-lb", Cancelled);
        }
    }

    [Fact]
    public async Task Who_waits_for_a_service_starts_when_its_balancer_is_there()
    {
        var environment = await fixture.First.EnvironmentOfAsync("client", Cancelled);
        var client = await fixture.First.ResourceNotifications.WaitForResourceAsync("client", report => report.Snapshot.StartTimeStamp is not null, Cancelled);
        var balancer = await fixture.First.ResourceNotifications.WaitForResourceAsync("web-lb", report => report.Snapshot.StartTimeStamp is not null, Cancelled);

        Assert.NotEmpty(environment);
        Assert.True(balancer.Snapshot.StartTimeStamp < client.Snapshot.StartTimeStamp);
    }

    [Fact]
    public async Task Two_AppHosts_at_a_time_share_no_port_no_file_and_no_table()
    {
        using var first = await fixture.First.CreateLoadBalancerClientAsync("edge", Cancelled);
        using var second = await fixture.Second.CreateLoadBalancerClientAsync("edge", Cancelled);
        var before = (await first.GetStatisticsAsync(Cancelled)).Layer7.Routes.Sum(route => route.Requests);
        var others = (await second.GetStatisticsAsync(Cancelled)).Layer7.Routes.Single().Requests;
        using var client = fixture.Second.CreateHttpClient("edge", "http");

        Assert.Equal("/base/today", await client.GetStringAsync("/weather/today", Cancelled));

        Assert.Equal(before, (await first.GetStatisticsAsync(Cancelled)).Layer7.Routes.Sum(route => route.Requests));
        Assert.Equal(others + 1, (await second.GetStatisticsAsync(Cancelled)).Layer7.Routes.Single().Requests);
        LoadBalancerResource[] edges = [Edge(fixture.First), Edge(fixture.Second)];
        Assert.NotEqual(Path.GetDirectoryName(edges[0].ConfigurationPath), Path.GetDirectoryName(edges[1].ConfigurationPath));
        Assert.NotEqual(await edges[0].AdminTokenParameter!.GetValueAsync(Cancelled), await edges[1].AdminTokenParameter!.GetValueAsync(Cancelled));
        Assert.NotEqual(fixture.First.GetEndpoint("edge", "http").Port, fixture.Second.GetEndpoint("edge", "http").Port);
    }

    [Fact]
    public async Task Ports_that_are_given_are_those_where_it_listens_unless_they_are_to_be_random()
    {
        Assert.Equal((fixture.Port, fixture.AdminPort), (fixture.Second.GetEndpoint("edge", "http").Port, fixture.Second.GetEndpoint("edge", "admin").Port));
        using var client = new HttpClient();
        Assert.Equal("/base/today", await client.GetStringAsync(new Uri($"http://localhost:{fixture.Port}/weather/today"), Cancelled));
        Assert.NotEqual(fixture.Port, fixture.First.GetEndpoint("edge", "http").Port);
    }

    [Fact]
    public async Task A_client_for_the_balancer_needs_no_endpoint()
    {
        using var client = fixture.Second.CreateHttpClient("edge");

        Assert.Equal(fixture.Second.GetEndpoint("edge", "http"), client.BaseAddress);
        Assert.Equal("/base/now", await client.GetStringAsync("/weather/now", Cancelled));
    }

    private static LoadBalancerResource Edge(DistributedApplication app) =>
        app.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<LoadBalancerResource>().Single(balancer => balancer.Name == "edge");

    // As a service that was started with these variables has it.
    private static ServiceProvider NewServiceDiscovery(IReadOnlyDictionary<string, string?> environment)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(environment.Select(variable => KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), variable.Value))).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration).AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        return services.AddHttpClient().BuildServiceProvider();
    }

    private static async Task<string?> AskTcpAsync(int port, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("localhost", port, Cancelled);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{text}\n"), Cancelled);
        return await new StreamReader(client.GetStream()).ReadLineAsync(Cancelled);
    }

    private static async Task<string> AskUdpAsync(int port, string text)
    {
        using var client = new UdpClient(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, port);
        await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(text), Cancelled);
        return System.Text.Encoding.ASCII.GetString((await client.ReceiveAsync(Cancelled).AsTask().WaitAsync(AppHostFixture.StartDeadline, Cancelled)).Buffer);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("aspire-backend-kinds-");
        private WebApplication? _external;
        private DistributedApplication? _first;
        private DistributedApplication? _second;

        /// <summary>Has random ports, as tests have.</summary>
        public DistributedApplication First => _first ?? throw new InvalidOperationException("The AppHost has not started.");

        /// <summary>Has the ports that it says, as <c>aspire run</c> has.</summary>
        public DistributedApplication Second => _second ?? throw new InvalidOperationException("The AppHost has not started.");

        public Uri External => new(_external!.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

        public X509Certificate2 Certificate { get; } = AppHostFixture.SelfSigned("localhost");

        public int Port { get; } = FreePorts.Take();

        public int AdminPort { get; } = FreePorts.Take();

        public async ValueTask InitializeAsync()
        {
            using var deadline = new CancellationTokenSource(AppHostFixture.StartDeadline);
            _external = WebApplication.CreateSlimBuilder().Build();
            _external.Urls.Add("http://127.0.0.1:0");
            _external.MapGet("/base/host", (HttpRequest request) => request.Host.Value);
            _external.MapGet("/{**path}", (HttpRequest request) => request.Path.Value);
            await _external.StartAsync(deadline.Token);
            await Task.WhenAll(StartFirstAsync(deadline.Token), StartSecondAsync(deadline.Token));
            await First.WaitForBackendsAsync("web-lb", 1, deadline.Token);
            await First.WaitForBackendsAsync("raw-lb", 1, deadline.Token);
            await First.WaitForBackendsAsync("wire", 1, deadline.Token);
            await First.WaitForBackendsAsync("edge", 1, deadline.Token);
            await Second.WaitForBackendsAsync("edge", 1, deadline.Token);
        }

        public HttpClient NewTrustingClient() => new(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == Certificate.Thumbprint },
        });

        public async ValueTask DisposeAsync()
        {
            foreach (var app in new[] { _first, _second }.OfType<DistributedApplication>())
            {
                await app.StopAsync();
                await app.DisposeAsync();
            }

            await (_external?.DisposeAsync() ?? default);
            _files.Delete(recursive: true);
            Certificate.Dispose();
        }

        private async Task StartFirstAsync(CancellationToken cancellationToken)
        {
            var builder = await SmallAppHost.NewBuilderAsync(cancellationToken);
            var (pem, pfx) = (Path.Combine(_files.FullName, "web.pem"), Path.Combine(_files.FullName, "web.pfx"));
            await File.WriteAllTextAsync(pem, Certificate.ExportCertificatePem(), cancellationToken);
            await File.WriteAllBytesAsync(pfx, Certificate.Export(X509ContentType.Pfx), cancellationToken);
            var web = builder.AddSample("web", "Catalog").WithHttpEndpoint(env: "ASPNETCORE_HTTP_PORTS").WithHttpsEndpoint(env: "ASPNETCORE_HTTPS_PORTS")
                .WithEnvironment("Kestrel__Certificates__Default__Path", pfx);
            web.WithEnvironment("ASPNETCORE_HTTPS_PORT", web.GetEndpoint("https").Property(EndpointProperty.Port))
                .WithLoadBalancer(lb => lb
                    .WithHttpsListener(l => l.WithCertificate("web", pfx))
                    .WithPool(p => p.WithBackendTls(trustedCa: pem, serverName: "localhost")));
            var raw = builder.AddSample("raw", "Echo")
                .WithEndpoint(name: "tcp", scheme: "tcp", env: "ECHO_TCP_PORT")
                .WithLoadBalancer()
                .WithEndpoint(name: "udp", scheme: "udp", env: "ECHO_UDP_PORT", protocol: ProtocolType.Udp);
            builder.AddSample("checked", "Catalog").WithHttpEndpoint(env: "ASPNETCORE_HTTP_PORTS").WithHttpHealthCheck("/health").WithLoadBalancer();
            builder.AddSample("never", "Catalog").WithHttpEndpoint(env: "ASPNETCORE_HTTP_PORTS").WithLoadBalancer().WithExplicitStart();
            var weather = builder.AddExternalService("weather", new Uri(External, "/base/"));
            var later = builder.AddExternalService("later", builder.AddParameter("later-url", External.ToString()));
            var edge = builder.AddLayer7LoadBalancer("edge", Port, AdminPort).WithRoute("/weather/{**rest}", weather).WithRoute("/later/{**rest}", later);
            var wire = builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", null, raw.GetEndpoint("tcp"));
            builder.AddExecutable("client", "dotnet", ".", "--version")
                .WithReference(web.GetEndpoint("http")).WithReference(web.GetEndpoint("https"))
                .WithEnvironment("RAW_TCP", raw.GetEndpoint("tcp")).WithEnvironment("RAW_UDP", raw.GetEndpoint("udp"))
                .WithReference(edge).WithReference(wire.GetListener("echo"))
                .WaitFor(web);
            _first = await builder.StartAsync(cancellationToken);
        }

        private async Task StartSecondAsync(CancellationToken cancellationToken)
        {
            var builder = await SmallAppHost.NewBuilderAsync(cancellationToken, "--DcpPublisher:RandomizePorts=false");
            var weather = builder.AddExternalService("weather", new Uri(External, "/base/"));
            builder.AddLayer7LoadBalancer("edge", Port, AdminPort).WithRoute("/weather/{**rest}", weather);
            _second = await builder.StartAsync(cancellationToken);
        }
    }
}
