using System.Net;
using System.Net.WebSockets;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using ClientCertificateMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class ReencryptionTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create("Backends");
    private readonly CertificateDirectory _files = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    public async Task A_backend_whose_authority_is_trusted_is_spoken_to_over_TLS(HttpProtocols protocols, string expected)
    {
        await using var backend = await StartBackendAsync("127.0.0.1", protocols);
        await using var balancer = await StartAsync(new() { TrustedCa = WriteCa() }, backend);

        var answer = await balancer.GetAsync("/x");

        Assert.Equal(("a", "/x", expected), (answer.Replica, answer.Path, answer.Protocol));
    }

    [Fact]
    public async Task A_backend_of_another_authority_is_502()
    {
        using var stranger = TestAuthority.Create("Stranger");
        await using var backend = await StartBackendAsync("127.0.0.1");
        await using var balancer = await StartAsync(new() { TrustedCa = _files.WriteCertificates("other.pem", stranger.Certificate) }, backend);

        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(balancer));
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task Without_options_the_machines_authorities_decide()
    {
        await using var backend = await StartBackendAsync("127.0.0.1");
        await using var balancer = await StartAsync(tls: null, backend);

        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(balancer));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.BadGateway, null)]
    [InlineData("catalog.internal", HttpStatusCode.OK, "catalog.internal")]
    [InlineData("auth.internal", HttpStatusCode.BadGateway, null)]
    public async Task The_name_that_certificates_must_have_can_be_given_and_is_sent(string? serverName, HttpStatusCode expected, string? sent)
    {
        string? received = null;
        await using var backend = await StartBackendAsync("catalog.internal", configure: https => https.ServerCertificateSelector = (_, name) =>
        {
            received = name;
            return _authority.Issue("catalog.internal");
        });
        await using var balancer = await StartAsync(new() { TrustedCa = WriteCa(), ServerName = serverName }, backend);

        Assert.Equal(expected, await StatusAsync(balancer));
        if (sent is not null)
        {
            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public async Task A_certificate_is_presented_to_backends_that_ask()
    {
        using var own = _authority.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddDays(1), "balancer");
        string? presented = null;
        await using var backend = await StartBackendAsync("127.0.0.1", configure: https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (certificate, _, _) => (presented = certificate.Subject) is not null;
        });
        var tls = new BackendTlsOptions
        {
            TrustedCa = WriteCa(),
            ClientCertificate = new() { Path = _files.WriteCertificates("own.pem", own), KeyPath = _files.WriteKey("own.key", own, "secret"), Password = "secret" },
        };
        await using var balancer = await StartAsync(tls, backend);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(balancer));
        Assert.Equal("CN=balancer", presented);
    }

    [Fact]
    public async Task Any_certificate_will_do_where_that_is_allowed_and_the_log_warns()
    {
        using var logs = new LogRecorder();
        await using var backend = await StartBackendAsync("expired.example");
        await using var balancer = await StartAsync(new() { InsecureAllowUntrusted = true }, backend, logs: logs);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(balancer));
        Assert.Contains(logs.Lines, line => line.StartsWith("Warning: Pool web: InsecureAllowUntrusted is on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Backends_without_the_scheme_https_stay_in_clear_text()
    {
        await using var plain = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { TrustedCa = WriteCa(), ServerName = "catalog.internal" }, plain);

        Assert.Equal("a", (await balancer.GetAsync("/")).Replica);
    }

    [Fact]
    public async Task Another_authority_in_the_configuration_holds_for_connections_from_then_on()
    {
        using var stranger = TestAuthority.Create("Stranger");
        await using var backend = await StartBackendAsync("127.0.0.1");
        await using var balancer = await StartAsync(new() { TrustedCa = WriteCa() }, backend);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(balancer));

        await balancer.ApplyAsync(Options(new() { TrustedCa = _files.WriteCertificates("other.pem", stranger.Certificate) }));

        await TestBalancer.WaitUntilAsync(async () => await StatusAsync(balancer) == HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task A_file_of_authorities_that_changes_is_read_again()
    {
        using var stranger = TestAuthority.Create("Stranger");
        await using var backend = await StartBackendAsync("127.0.0.1");
        var path = _files.WriteCertificates("ca.pem", stranger.Certificate);
        await using var balancer = await StartAsync(new() { TrustedCa = path }, backend);
        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(balancer));

        WriteCa();

        await TestBalancer.WaitUntilAsync(async () => await StatusAsync(balancer) == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(true, BackendState.Healthy, null)]
    [InlineData(false, BackendState.Unhealthy, "GET / failed: SecureConnectionError")]
    public async Task Health_checks_over_HTTP_go_by_the_same_trust(bool trusted, BackendState expected, string? error)
    {
        using var stranger = TestAuthority.Create("Stranger");
        await using var backend = await StartBackendAsync("catalog.internal");
        var path = trusted ? WriteCa() : _files.WriteCertificates("other.pem", stranger.Certificate);
        await using var balancer = await StartAsync(new() { TrustedCa = path, ServerName = "catalog.internal" }, [backend], HealthCheckType.Http, waitForHealth: false);

        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends is [{ State: var state }] && state == expected);
        Assert.Equal(error, balancer.Pools.Find("web")!.GetStatistics().Backends[0].LastError);
    }

    [Fact]
    public async Task A_web_socket_goes_through_to_a_backend_with_TLS()
    {
        await using var backend = await StartBackendAsync("127.0.0.1", HttpProtocols.Http1AndHttp2);
        await using var balancer = await StartAsync(new() { TrustedCa = WriteCa() }, backend);
        // Over HTTP/2 first, so that a connection of the wrong kind is at hand.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(balancer));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);

        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, Cancelled);

        Assert.Equal("a: hello", System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    private static async Task<HttpStatusCode> StatusAsync(TestBalancer balancer)
    {
        using var client = balancer.CreateClient();
        using var response = await client.GetAsync("/", Cancelled);
        return response.StatusCode;
    }

    private string WriteCa() => _files.WriteCertificates("ca.pem", _authority.Certificate);

    private Task<TestBackend> StartBackendAsync(string subject, HttpProtocols protocols = HttpProtocols.Http1, Action<HttpsConnectionAdapterOptions>? configure = null) =>
        TestBackend.StartAsync("a", protocols, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = _authority.Issue(subject);
            configure?.Invoke(https);
        }));

    private static LoadBalancerOptions Options(BackendTlsOptions? tls, HealthCheckType check = HealthCheckType.Tcp)
    {
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].Service = "https+http://web";
        options.Pools["web"].BackendTls = tls;
        options.Pools["web"].HealthCheck = options.Pools["web"].HealthCheck with { Type = check };
        return options;
    }

    private static Task<TestBalancer> StartAsync(BackendTlsOptions? tls, TestBackend backend, LogRecorder? logs = null) => StartAsync(tls, [backend], logs: logs);

    private static Task<TestBalancer> StartAsync(BackendTlsOptions? tls, TestBackend[] backends, HealthCheckType check = HealthCheckType.Tcp, bool waitForHealth = true, LogRecorder? logs = null) =>
        TestBalancer.StartAsync(Options(tls, check), new Dictionary<string, TestBackend[]> { ["web"] = backends }, logs, waitForHealth);
}
