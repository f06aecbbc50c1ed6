using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class SecrecyTests : IDisposable
{
    private const string Password = "correct-horse-battery-staple";

    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly CertificateDirectory _files = new();
    private readonly LogRecorder _logs = new();

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public async Task Neither_passwords_nor_keys_are_in_any_log_line_or_statistic()
    {
        using var first = _authority.Issue("first.example", "127.0.0.1");
        using var second = _authority.Issue("second.example", "127.0.0.1");
        using var own = _authority.Issue(TestAuthority.ClientAuthentication, DateTimeOffset.UtcNow.AddDays(1), "balancer");
        var options = TlsTestExtensions.WithTls(new()
        {
            Certificates =
            {
                ["pem"] = new() { Path = _files.WriteCertificates("c.pem", first), KeyPath = _files.WriteKey("k.pem", first, Password), Password = Password },
                ["pfx"] = new() { Path = _files.WritePfx("c.pfx", second, Password), Password = Password, ServerNames = ["second.example"] },
            },
            ClientCertificate = new() { TrustedCa = [_files.WriteCertificates("ca.pem", _authority.Certificate)], ForwardHeader = "X-Client-Cert" },
        });
        options.Pools["web"].BackendTls = new() { TrustedCa = _files.PathOf("ca.pem"), ClientCertificate = new() { Path = _files.WritePem("own.pem", own), Password = Password } };
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, _logs);

        // Everything that may have something to say: handshakes that succeed and fail, a reload, files that go bad.
        using (var client = balancer.CreateClient("https", _authority.Certificate, own))
        {
            await client.GetStringAsync("/", TestContext.Current.CancellationToken);
        }

        using (var stranger = balancer.CreateClient("https", _authority.Certificate))
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetStringAsync("/", TestContext.Current.CancellationToken));
        }

        _files.WriteKey("k.pem", second, Password);
        _files.WritePfx("c.pfx", second, "another");
        await TestBalancer.WaitUntilAsync(() => _logs.Lines.Count(line => line.StartsWith("Error: LoadBalancer:", StringComparison.Ordinal)) == 2);
        var statistics = JsonSerializer.Serialize(
            new("edge", 1, default, default, new("file", default, 0, 0, []), [.. balancer.Pools.All.Select(pool => pool.GetStatistics())], new([], []), balancer.Layer7.GetStatistics()),
            StatisticsJsonContext.Default.BalancerStatistics);

        Assert.NotEmpty(_logs.Lines);
        Assert.Contains("first.example", statistics);
        foreach (var text in _logs.Lines.Append(statistics).Append(options.ToString()).Append($"{options.Layer7.Listeners["https"].Tls}").Append($"{options.Pools["web"]}"))
        {
            Assert.DoesNotContain(Password, text);
            Assert.DoesNotContain("PRIVATE KEY", text);
            Assert.All([first, second, own], certificate => AssertNoKey(certificate, text));
        }
    }

    [Fact]
    public void Options_do_not_print_passwords()
    {
        var server = new TlsCertificateOptions { Path = "c.pem", Password = Password, ServerNames = ["a", "b"] };
        var client = new BackendTlsOptions { ClientCertificate = new() { Path = "own.pem", KeyPath = "own.key", Password = Password } };

        Assert.Equal("TlsCertificateOptions { Path = c.pem, KeyPath = , ServerNames = a b }", server.ToString());
        Assert.Contains("BackendCertificateOptions { Path = own.pem, KeyPath = own.key }", client.ToString());
        Assert.DoesNotContain(Password, client.ToString());
    }

    private static void AssertNoKey(X509Certificate2 certificate, string text)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        var secret = key.ExportParameters(includePrivateParameters: true).D!;
        Assert.DoesNotContain(Convert.ToHexString(secret), text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToHexString(secret, 0, 8), text.Replace(" ", "").Replace("-", ""), StringComparison.OrdinalIgnoreCase);
        foreach (var line in CertificateDirectory.KeyOf(certificate).Split('\n').Where(line => !line.StartsWith('-') && line.Length > 16))
        {
            Assert.DoesNotContain(line, text);
        }
    }
}
