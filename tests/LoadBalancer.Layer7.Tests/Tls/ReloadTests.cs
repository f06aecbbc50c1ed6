using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class ReloadTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly CertificateDirectory _files = new();
    private readonly LogRecorder _logs = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public async Task A_renewed_file_is_presented_and_open_connections_stay()
    {
        var path = WriteNew("first.example");
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Path = path }, backend);
        var opened = 0;
        using var client = balancer.CreateClient(handler =>
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => ++opened > 0;
        });
        client.BaseAddress = balancer.UriOf("https");
        await client.GetStringAsync("/", Cancelled);

        WriteNew("second.example");

        await WaitUntilPresentedAsync(balancer, "CN=second.example");
        await client.GetStringAsync("/", Cancelled);
        Assert.Equal(1, opened);
        Assert.Contains(_logs.Lines, line => line.StartsWith("Information: LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop", StringComparison.Ordinal) && line.Contains(path));
        Assert.Equal("CN=second.example", Assert.Single(balancer.Listener("https").Certificates).Subject);
    }

    [Theory]
    [InlineData("not a certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")]
    [InlineData(null)]
    public async Task A_bad_file_leaves_the_old_certificate_and_is_named_in_an_error(string? text)
    {
        var path = WriteNew("first.example");
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Path = path }, backend);

        if (text is null)
        {
            File.Delete(path);
        }
        else
        {
            _files.Write("c.pem", text);
        }

        await TestBalancer.WaitUntilAsync(() => _logs.Lines.Any(line => line.StartsWith("Error: LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:Path", StringComparison.Ordinal) && line.Contains($"'{path}'")));
        Assert.Equal("CN=first.example", (await Handshake.WithAsync(balancer.UriOf("https"), null)).Subject);

        WriteNew("mended.example");
        await WaitUntilPresentedAsync(balancer, "CN=mended.example");
        Assert.Single(_logs.Lines, line => line.StartsWith("Error:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Certificate_and_key_that_are_written_one_after_the_other_are_taken_as_a_pair()
    {
        using var first = _authority.Issue("first.example");
        using var second = _authority.Issue("second.example");
        var file = new TlsCertificateOptions { Path = _files.WriteCertificates("c.pem", first), KeyPath = _files.WriteKey("k.pem", first) };
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(file, backend);

        _files.WriteCertificates("c.pem", second);
        Assert.Equal("CN=first.example", (await Handshake.WithAsync(balancer.UriOf("https"), null)).Subject);
        _files.WriteKey("k.pem", second);

        await WaitUntilPresentedAsync(balancer, "CN=second.example");
    }

    [Fact]
    public async Task A_link_that_leads_elsewhere_is_followed()
    {
        using var first = _authority.Issue("first.example");
        using var second = _authority.Issue("second.example");
        var (one, two) = (_files.WritePem("1.pem", first), _files.WritePem("2.pem", second, _authority.Certificate));
        var link = _files.PathOf("c.pem");
        File.CreateSymbolicLink(link, one);
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Path = link }, backend);

        File.Delete(link);
        File.CreateSymbolicLink(link, two);

        await WaitUntilPresentedAsync(balancer, "CN=second.example");
    }

    [Fact]
    public async Task Other_certificates_in_the_configuration_hold_at_once_without_a_new_port()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Path = WriteNew("first.example") }, backend);
        var before = balancer.UriOf("https");
        using var other = _authority.Issue("other.example");

        await balancer.ApplyAsync(TlsTestExtensions.WithTls(new() { Certificates = { ["other"] = new() { Path = _files.WritePem("o.pem", other) } } }));

        Assert.Equal("CN=other.example", (await Handshake.WithAsync(before, null)).Subject);
        Assert.Equal(before, balancer.UriOf("https"));
    }

    private Task<TestBalancer> StartAsync(TlsCertificateOptions file, TestBackend backend) => TestBalancer.StartAsync(
        TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = file } }), new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, _logs);

    private string WriteNew(string subject)
    {
        using var certificate = _authority.Issue(subject);
        return _files.WritePem("c.pem", certificate);
    }

    private static async Task WaitUntilPresentedAsync(TestBalancer balancer, string subject)
    {
        await TestBalancer.WaitUntilAsync(() => balancer.Listener("https").Certificates.Any(certificate => certificate.Subject == subject));
        Assert.Equal(subject, (await Handshake.WithAsync(balancer.UriOf("https"), IPAddress.Loopback.ToString())).Subject);
    }
}
