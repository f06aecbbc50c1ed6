using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class ClientCertificateTests : IDisposable
{
    private const string Header = "X-Client-Cert";

    private readonly TestAuthority _authority = TestAuthority.Create("Clients");
    private readonly CertificateDirectory _files = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task A_client_with_a_certificate_of_the_authority_is_let_in()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());
        using var own = IssueClient();

        Assert.Equal("a", (await AskAsync(balancer, own)).Replica);
    }

    [Theory]
    [InlineData(ClientCertificateMode.Require, "none")]
    [InlineData(ClientCertificateMode.Require, "of another authority")]
    [InlineData(ClientCertificateMode.Request, "of another authority")]
    [InlineData(ClientCertificateMode.Require, "for servers")]
    [InlineData(ClientCertificateMode.Require, "expired")]
    public async Task A_client_without_a_valid_certificate_is_refused(ClientCertificateMode mode, string kind)
    {
        using var stranger = TestAuthority.Create("Stranger");
        using var own = kind switch
        {
            "of another authority" => stranger.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddDays(1), "client"),
            "for servers" => _authority.Issue("client"),
            "expired" => _authority.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddMinutes(-1), "client"),
            _ => null,
        };
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { Mode = mode });
        using var client = CreateClient(balancer, own);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/", Cancelled));
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task Where_one_is_only_requested_a_client_may_have_none()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { Mode = ClientCertificateMode.Request, ForwardHeader = Header });

        Assert.DoesNotContain(Header, (await AskAsync(balancer, own: null)).Headers.Keys);
        using var own = IssueClient();
        Assert.Equal(Convert.ToBase64String(own.RawData), (await AskAsync(balancer, own)).Headers[Header]);
    }

    [Fact]
    public async Task With_mode_None_nobody_is_asked()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { Mode = ClientCertificateMode.None, ForwardHeader = Header });
        using var own = IssueClient();

        Assert.DoesNotContain(Header, (await AskAsync(balancer, own)).Headers.Keys);
    }

    [Theory]
    [InlineData("X-Client-Cert", "{0}")]
    [InlineData("X-Who", "{0}")]
    [InlineData("Client-Cert", ":{0}:")]
    public async Task The_backend_gets_the_certificate_in_the_header_that_is_named(string header, string form)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { ForwardHeader = header });
        using var own = IssueClient();
        using var client = CreateClient(balancer, own);

        // The second request comes by the same connection.
        for (var i = 0; i < 2; i++)
        {
            var answer = await client.GetFromJsonAsync<Answer>("/", Cancelled);
            Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, Convert.ToBase64String(own.RawData)), answer!.Headers[header]);
        }
    }

    [Fact]
    public async Task Unless_told_so_the_backend_does_not_learn_of_it()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());
        using var own = IssueClient();

        var headers = (await AskAsync(balancer, own)).Headers;

        Assert.DoesNotContain(headers.Values, value => value.Contains(Convert.ToBase64String(own.RawData)[..40]));
    }

    [Theory]
    [InlineData("https", "X-Who")]
    [InlineData("http", "X-Who")]
    [InlineData("http", "x-who")]
    [InlineData("http", "X-Client-Cert")]
    [InlineData("https", "Client-Cert")]
    public async Task What_a_client_claims_in_the_header_is_removed_on_every_listener(string listener, string header)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { Mode = ClientCertificateMode.Request, ForwardHeader = "X-Who" });
        using var client = listener == "https" ? CreateClient(balancer, own: null) : balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add(header, ["I am root", "really"]);

        using var response = await client.SendAsync(request, Cancelled);
        var answer = await response.Content.ReadFromJsonAsync<Answer>(Cancelled);

        Assert.DoesNotContain(header, answer!.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_answer_for_a_client_that_the_backend_knows_is_not_kept_for_others()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { ForwardHeader = Header }, new() { Cache = new() });
        using var first = IssueClient();
        using var second = IssueClient();

        Assert.Equal(Convert.ToBase64String(first.RawData), (await AskAsync(balancer, first)).Headers[Header]);
        Assert.Equal(Convert.ToBase64String(second.RawData), (await AskAsync(balancer, second)).Headers[Header]);
        Assert.Equal(2, backend.Requests);
    }

    [Fact]
    public async Task Another_authority_in_the_file_holds_from_the_next_handshake_on()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());
        using var own = IssueClient();
        await AskAsync(balancer, own);
        using var successor = TestAuthority.Create("Successor");

        _files.WriteCertificates("clients.pem", successor.Certificate);

        await TestBalancer.WaitUntilAsync(() => IsRefused(balancer, own));
        using var other = successor.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddDays(1), "client");
        Assert.Equal("a", (await AskAsync(balancer, other)).Replica);
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused_where_revocation_is_checked()
    {
        byte[] list = [];
        using var server = new HttpListener();
        var address = new Uri($"http://127.0.0.1:{FreePorts.Take()}/{Guid.NewGuid():N}/");
        server.Prefixes.Add(address.AbsoluteUri);
        server.Start();
        var serving = ServeAsync(server, () => list);
        using var good = _authority.IssueRevocable(new(address, "list.crl"), "good");
        using var bad = _authority.IssueRevocable(new(address, "list.crl"), "bad");
        using var silent = IssueClient();
        list = _authority.Revoke(bad);
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { CheckRevocation = true });

        Assert.Equal("a", (await AskAsync(balancer, good)).Replica);
        Assert.True(IsRefused(balancer, bad));
        // One that does not say where the list is cannot be checked.
        Assert.True(IsRefused(balancer, silent));

        server.Stop();
        await serving;
    }

    private static async Task ServeAsync(HttpListener server, Func<byte[]> body)
    {
        while (server.IsListening)
        {
            try
            {
                var context = await server.GetContextAsync();
                context.Response.ContentType = "application/pkix-crl";
                context.Response.Close(body(), willBlock: false);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static bool IsRefused(TestBalancer balancer, X509Certificate2 own)
    {
        using var client = CreateClient(balancer, own);
        try
        {
            using var response = client.Send(new HttpRequestMessage(HttpMethod.Get, "/"), Cancelled);
            return false;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }

    private X509Certificate2 IssueClient() => _authority.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddDays(1), "client");

    private Task<TestBalancer> StartAsync(TestBackend backend, ClientCertificateOptions client, RouteOptions? route = null)
    {
        client.TrustedCa = [_files.WriteCertificates("clients.pem", _authority.Certificate)];
        var options = TestBalancer.Options(("all", route ?? new()));
        options.Layer7.Listeners["https"] = new() { Address = "127.0.0.1:0", Tls = new() { ClientCertificate = client } };
        return TestBalancer.StartAsync(options, backend);
    }

    private static HttpClient CreateClient(TestBalancer balancer, X509Certificate2? own) => balancer.CreateClient("https", trusted: null, own);

    private static async Task<Answer> AskAsync(TestBalancer balancer, X509Certificate2? own)
    {
        using var client = CreateClient(balancer, own);
        using var response = await client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!;
    }
}
