using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class TerminationTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly CertificateDirectory _files = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Without_a_certificate_the_listener_presents_one_for_localhost()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new()), backend);

        var seen = await Handshake.WithAsync(balancer.UriOf("https"), "localhost");
        using var client = balancer.CreateClient("https", trusted: null);
        var answer = await client.GetFromJsonAsync<Answer>("/x", Cancelled);

        Assert.Equal("CN=localhost", seen.Subject);
        Assert.Equal(("a", "/x", "https"), (answer!.Replica, answer.Path, answer.Headers["X-Forwarded-Proto"]));
        Assert.Equal("CN=localhost", Assert.Single(balancer.Listener("https").Certificates).Subject);
    }

    [Fact]
    public async Task The_certificate_of_localhost_stays_the_same_when_the_configuration_changes()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new()), backend);
        var before = await Handshake.WithAsync(balancer.UriOf("https"), "localhost");

        var changed = TlsTestExtensions.WithTls(new() { MinimumVersion = TlsVersion.Tls13 });
        changed.Layer7.Routes["other"] = new() { Path = "/other", Pool = "web" };
        await balancer.ApplyAsync(changed);

        Assert.Equal(before.Thumbprint, (await Handshake.WithAsync(balancer.UriOf("https"), "localhost")).Thumbprint);
    }

    [Theory]
    [InlineData("shop.example", "CN=shop.example")]
    [InlineData("SHOP.example", "CN=shop.example")]
    [InlineData("api.shop.example", "CN=wildcard.example")]
    [InlineData("exact.shop.example", "CN=exact.example")]
    [InlineData("a.b.shop.example", "CN=standard.example")]
    [InlineData("other.example", "CN=standard.example")]
    [InlineData(null, "CN=standard.example")]
    public async Task The_server_name_chooses_exact_before_wildcard_before_the_one_for_all(string? serverName, string expected)
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TlsTestExtensions.WithTls(new()
        {
            Certificates =
            {
                ["a"] = Pem("wildcard.example", "*.shop.example"),
                ["b"] = Pem("exact.example", "exact.shop.example"),
                ["c"] = Pem("standard.example"),
                ["d"] = Pem("shop.example", "shop.example"),
            },
        });
        await using var balancer = await TestBalancer.StartAsync(options, backend);

        Assert.Equal(expected, (await Handshake.WithAsync(balancer.UriOf("https"), serverName)).Subject);
    }

    [Fact]
    public async Task Where_every_certificate_has_names_the_first_is_for_all_others()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TlsTestExtensions.WithTls(new() { Certificates = { ["b"] = Pem("b.example", "b.example"), ["a"] = Pem("a.example", "a.example") } });
        await using var balancer = await TestBalancer.StartAsync(options, backend);

        Assert.Equal("CN=a.example", (await Handshake.WithAsync(balancer.UriOf("https"), "c.example")).Subject);
    }

    [Theory]
    [InlineData("pem")]
    [InlineData("pem and key")]
    [InlineData("pem and encrypted key")]
    [InlineData("pfx")]
    [InlineData("pfx with password")]
    public async Task A_certificate_of_any_form_is_presented_with_its_intermediates(string form)
    {
        using var intermediate = _authority.CreateIntermediate("Intermediate");
        using var certificate = intermediate.Issue("shop.example");
        var issuer = X509CertificateLoader.LoadCertificate(intermediate.Certificate.RawData);
        TlsCertificateOptions file = form switch
        {
            "pem" => new() { Path = _files.WritePem("c.pem", certificate, issuer) },
            "pem and key" => new() { Path = _files.WriteCertificates("c.pem", certificate, issuer), KeyPath = _files.WriteKey("k.pem", certificate) },
            "pem and encrypted key" => new() { Path = _files.WriteCertificates("c.pem", certificate, issuer), KeyPath = _files.WriteKey("k.pem", certificate, "open sesame"), Password = "open sesame" },
            "pfx" => new() { Path = _files.WritePfx("c.pfx", certificate, null, issuer) },
            _ => new() { Path = _files.WritePfx("c.pfx", certificate, "open sesame", issuer), Password = "open sesame" },
        };
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = file } }), backend);

        // Trusts the root alone: without the intermediate there would be no chain.
        var seen = await Handshake.WithAsync(balancer.UriOf("https"), "shop.example", _authority.Certificate);

        Assert.Equal("CN=shop.example", seen.Subject);
    }

    [Theory]
    [InlineData(null, "h2")]
    [InlineData(HttpListenerProtocols.Http1AndHttp2, "h2")]
    [InlineData(HttpListenerProtocols.Http1, "http/1.1")]
    [InlineData(HttpListenerProtocols.Http2, "h2")]
    public async Task The_handshake_offers_what_the_listener_speaks(HttpListenerProtocols? protocols, string expected)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new(), protocols), backend);
        using var client = balancer.CreateClient("https", trusted: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };

        using var response = await client.SendAsync(request, Cancelled);

        Assert.Equal(expected, (await Handshake.WithAsync(balancer.UriOf("https"), "localhost")).Protocol);
        Assert.Equal(expected == "h2" ? HttpVersion.Version20 : HttpVersion.Version11, response.Version);
    }

    [Fact]
    public async Task A_client_that_speaks_an_older_version_than_the_minimum_is_refused()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new()), backend);
        var address = balancer.UriOf("https");
        Assert.Equal(SslProtocols.Tls12, (await Handshake.WithAsync(address, "localhost", version: SslProtocols.Tls12)).Version);

        await balancer.ApplyAsync(TlsTestExtensions.WithTls(new() { MinimumVersion = TlsVersion.Tls13 }));

        await Assert.ThrowsAsync<AuthenticationException>(() => Handshake.WithAsync(address, "localhost", version: SslProtocols.Tls12));
        Assert.Equal(SslProtocols.Tls13, (await Handshake.WithAsync(address, "localhost", version: SslProtocols.Tls13)).Version);
    }

    [Fact]
    public async Task A_web_socket_goes_through_over_TLS()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new()), backend);
        using var socket = new ClientWebSocket { Options = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        await socket.ConnectAsync(new UriBuilder(balancer.UriOf("https")) { Scheme = "wss", Path = "/ws" }.Uri, Cancelled);

        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, Cancelled);

        Assert.Equal("a: hello", System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task A_listener_changes_from_clear_text_to_TLS_and_back_on_its_port()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var plain = balancer.Uri;
        var changed = TestBalancer.Options(("all", new()));
        changed.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0", Tls = new() };

        await balancer.ApplyAsync(changed);
        using var client = balancer.CreateClient("http", trusted: null);
        await TestBalancer.WaitUntilAsync(() => Answers(client, balancer.UriOf("http")));
        Assert.Equal(("https", plain.Port), (balancer.UriOf("http").Scheme, balancer.UriOf("http").Port));

        await balancer.ApplyAsync(TestBalancer.Options(("all", new())));
        await TestBalancer.WaitUntilAsync(() => Answers(client, plain));
    }

    [Theory]
    [InlineData("--http1.1", "1.1")]
    [InlineData("--http2", "2")]
    public async Task Curl_trusts_the_certificate_by_its_authority(string version, string expected)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = Pem("shop.example") } }), backend);
        var port = balancer.UriOf("https").Port;
        var ca = _files.WriteCertificates("ca.pem", _authority.Certificate);

        var output = await RunAsync("curl", "-sS", "-o", "/dev/null", "-w", "%{http_version} %{ssl_verify_result}", version, "--cacert", ca, "--resolve", $"shop.example:{port}:127.0.0.1", $"https://shop.example:{port}/");

        Assert.Equal($"{expected} 0", output);
    }

    [Fact]
    public async Task Openssl_verifies_the_chain_and_the_name()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = Pem("shop.example") } }), backend);
        var ca = _files.WriteCertificates("ca.pem", _authority.Certificate);

        var output = await RunAsync("openssl", "s_client", "-connect", balancer.UriOf("https").Authority, "-servername", "shop.example", "-verify_hostname", "shop.example", "-CAfile", ca, "-alpn", "h2");

        Assert.Contains("Verify return code: 0 (ok)", output);
        Assert.Contains("ALPN protocol: h2", output);
    }

    private TlsCertificateOptions Pem(string subject, params string[] serverNames)
    {
        using var certificate = _authority.Issue(subject);
        return new() { Path = _files.WritePem($"{subject}.pem", certificate), ServerNames = serverNames };
    }

    private static bool Answers(HttpClient client, Uri uri)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Headers = { ConnectionClose = true } };
            return client.Send(request).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(directory => File.Exists(Path.Combine(directory, program))), $"{program} is not installed");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(Cancelled);
        var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
        await process.WaitForExitAsync(Cancelled);
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }
}
