using System.Net.Security;
using System.Security.Cryptography;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tls;

/// <summary>Real clients through the balancer to real TLS servers, whose certificates they check.</summary>
public sealed class TlsPassThroughTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TlsBackend _one = null!;
    private TlsBackend _many = null!;
    private TlsBackend _other = null!;
    private TestBalancer _balancer = null!;

    public async ValueTask InitializeAsync()
    {
        _one = await TlsBackend.StartAsync("one.example.com");
        _many = await TlsBackend.StartAsync("many.example.com", "*.example.com");
        _other = await TlsBackend.StartAsync("other.example.org");
        _balancer = await TestBalancer.WithPoolsAsync(new() { ["one"] = [_one.Address], ["many"] = [_many.Address], ["other"] = [_other.Address] });
        await _balancer.ApplyAsync(options => options.Layer4.Listeners["tls"] = new()
        {
            Address = "127.0.0.1:0",
            Pool = "other",
            TlsRoutes = new()
            {
                ["one"] = new() { ServerNames = ["one.example.com"], Pool = "one" },
                ["many"] = new() { ServerNames = ["*.example.com"], Pool = "many" },
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _balancer.DisposeAsync();
        await _one.DisposeAsync();
        await _many.DisposeAsync();
        await _other.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("one.example.com", "one.example.com", "--http1.1", "HTTP/1.1")]
    [InlineData("one.example.com", "one.example.com", "--http2", "HTTP/2")]
    [InlineData("any.example.com", "many.example.com", "--tlsv1.3", "HTTP/2")]
    [InlineData("any.example.com", "many.example.com", "--tls-max", "HTTP/2")]
    [InlineData("other.example.org", "other.example.org", "--http2", "HTTP/2")]
    public async Task Curl_reaches_the_backend_of_the_name_and_trusts_its_certificate(string host, string backend, string option, string protocol)
    {
        var authorities = _folder.Write("all.pem", string.Concat(new[] { _one, _many, _other }.Select(server => server.Certificate.ExportCertificatePem() + "\n")));
        var port = _balancer.Address.Port;
        string[] options = option == "--tls-max" ? [option, "1.2"] : [option];

        var (exitCode, output) = await ExternalProgram.RunAsync(
            "curl", [.. options, "--silent", "--show-error", "--cacert", authorities, "--resolve", $"{host}:{port}:127.0.0.1", $"https://{host}:{port}/"]);

        Assert.Equal((0, $"{backend} over {protocol}"), (exitCode, output.Trim()));
    }

    [Theory]
    [InlineData("one.example.com", "-tls1_2")]
    [InlineData("one.example.com", "-tls1_3")]
    [InlineData("two.example.com", "-tls1_3")]
    [InlineData("other.example.org", "-tls1_3")]
    [InlineData(null, "-tls1_3")]
    public async Task Openssl_sees_the_certificate_of_the_backend(string? host, string version)
    {
        var expected = host switch { "one.example.com" => _one, "two.example.com" => _many, _ => _other };
        string[] name = host is null ? ["-noservername"] : ["-servername", host];

        var (_, output) = await ExternalProgram.RunAsync("openssl", ["s_client", "-connect", _balancer.Address.ToString(), .. name, version, "-alpn", "h2,http/1.1", "-showcerts"]);

        var pem = PemEncoding.Find(output);
        Assert.Equal(expected.Certificate.RawData, Convert.FromBase64String(output[pem.Base64Data]));
        Assert.Contains("ALPN protocol: h2", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runtimes_own_client_works_as_well_and_the_span_has_the_name()
    {
        using var socket = await _balancer.ConnectAsync();
        await using var stream = new SslStream(new System.Net.Sockets.NetworkStream(socket));

        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "one.example.com",
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetRawCertData().SequenceEqual(_one.Certificate.RawData),
            },
            TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => _balancer.Connections is [{ ServerName: "one.example.com", Pool: "one" }]);
    }
}
