using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

public sealed class TlsTests : IDisposable
{
    private const string DeveloperMark = "1.3.6.1.4.1.311.84.1.1";
    private const string Password = "correct-horse-battery-staple";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("lb-tls-home-");
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-tls-test-");

    public void Dispose()
    {
        _home.Delete(recursive: true);
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Without_a_developer_certificate_one_is_made_in_memory_and_the_log_says_how_to_get_it()
    {
        var port = FreePorts.Take();
        await using var server = Start(Write(port, new()));
        using var certificate = await PresentedAsync(server, port);

        Assert.Equal("CN=localhost", certificate.Subject);
        Assert.Null(certificate.Extensions[DeveloperMark]);
        await server.WaitForOutputAsync("dotnet dev-certs https --trust");
        Assert.Empty(_home.EnumerateFiles("*", SearchOption.AllDirectories));
        Assert.Single(_directory.EnumerateFiles("*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_developer_certificate_is_presented_where_there_is_one()
    {
        await using (var tool = TestProcess.Start("dev-certs", ["https"], Home()))
        {
            Assert.True(await tool.WaitForExitAsync() == 0, tool.Output);
        }

        var port = FreePorts.Take();
        await using var server = Start(Write(port, new()));
        using var certificate = await PresentedAsync(server, port);

        Assert.NotNull(certificate.Extensions[DeveloperMark]);
        await server.WaitForOutputAsync("TLS uses the ASP.NET Core developer certificate");
        Assert.DoesNotContain("--trust", server.Output);
    }

    [Fact]
    public async Task Check_finds_a_certificate_that_cannot_be_used()
    {
        WriteCertificate("shop");
        var path = Write(0, new()
        {
            Certificates =
            {
                ["none"] = new() { Path = "none.pem", ServerNames = ["none.example"] },
                ["shop"] = new() { Path = "shop.pem", KeyPath = "shop.key", Password = "wrong password" },
            },
        });

        await using var server = Start(path, "--check");

        Assert.Equal(1, await server.WaitForExitAsync());
        var directory = _directory.FullName;
        Assert.Contains($"{path}: LoadBalancer:Layer7:Listeners:https:Tls:Certificates:none:Path: '{directory}/none.pem' does not exist; must be a PEM or PFX file", server.Output);
        Assert.Contains($"{path}: LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:Password: does not open '{directory}/shop.key'; must be the password of its private key", server.Output);
        Assert.DoesNotContain("wrong password", server.Output);
    }

    [Fact]
    public async Task A_password_from_the_environment_opens_the_key_and_neither_shows_in_output_or_stats()
    {
        var key = WriteCertificate("shop");
        var ports = FreePorts.Take(2);
        var path = Write(ports[0], new() { Certificates = { ["shop"] = new() { Path = "shop.pem", KeyPath = "shop.key" } } }, ports[1]);
        var environment = Home();
        environment["LoadBalancer__Layer7__Listeners__https__Tls__Certificates__shop__Password"] = Password;
        environment["Logging__LogLevel__Default"] = "Trace";
        environment["Logging__LogLevel__Microsoft"] = "Trace";
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", path], environment);
        using (var certificate = await PresentedAsync(server, ports[0]))
        {
            Assert.Equal("CN=shop", certificate.Subject);
        }

        using var admin = new HttpClient();
        var statistics = "";
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    statistics = await admin.GetStringAsync($"http://127.0.0.1:{ports[1]}/stats", TestContext.Current.CancellationToken);
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            () => $"the admin endpoint; the server said {server.Output}");

        // A key that goes bad is worth an error, still without its text.
        WriteCertificate("shop", password: "another password", newCertificate: false);
        await server.WaitForOutputAsync("Certificates:shop:Password");

        Assert.Contains("CN=shop", statistics);
        foreach (var text in new[] { statistics, server.Output })
        {
            Assert.DoesNotContain(Password, text);
            Assert.DoesNotContain("PRIVATE KEY", text);
            Assert.All(key, line => Assert.DoesNotContain(line, text));
        }
    }

    private Dictionary<string, string?> Home() => new()
    {
        ["HOME"] = _home.FullName,
        ["DOTNET_CLI_HOME"] = _home.FullName,
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        // The runtime's own files, which say nothing about ours.
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    private TestProcess Start(string path, params string[] arguments) => TestProcess.Start(BuiltAssemblies.Server, ["--config", path, .. arguments], Home());

    private string Write(int port, TlsTerminationOptions tls, int adminPort = 0)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{adminPort}";
        file.LoadBalancer.Layer7.Listeners["https"] = new() { Address = $"127.0.0.1:{port}", Tls = tls };
        var path = Path.Combine(_directory.FullName, "balancer.json");
        File.WriteAllText(path, file.ToJson());
        return path;
    }

    /// <summary>Writes <c>name.pem</c> and an encrypted <c>name.key</c>; returns the lines of the key's plain text.</summary>
    private string[] WriteCertificate(string name, string password = Password, bool newCertificate = true)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (newCertificate)
        {
            using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(Path.Combine(_directory.FullName, $"{name}.pem"), certificate.ExportCertificatePem());
        }

        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        File.WriteAllText(Path.Combine(_directory.FullName, $"{name}.key"), key.ExportEncryptedPkcs8PrivateKeyPem(password, encryption));
        return [.. key.ExportPkcs8PrivateKeyPem().Split('\n').Where(line => !line.StartsWith('-') && line.Length > 16)];
    }

    private static async Task<X509Certificate2> PresentedAsync(TestProcess server, int port)
    {
        X509Certificate2? certificate = null;
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
                    await using var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
                    await stream.AuthenticateAsClientAsync("localhost");
                    certificate = new X509Certificate2(stream.RemoteCertificate!);
                    return true;
                }
                catch (SocketException) when (!server.HasExited)
                {
                    return false;
                }
            },
            () => $"a listener; the server said {server.Output}");
        return certificate!;
    }
}
