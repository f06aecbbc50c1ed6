using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;
using LoadBalancer.Server;
using LoadBalancer.Server.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Docs.Tests;

/// <summary>
/// A balancer with the pools, routes and listeners that the docs talk of, on free ports, in front of services that say
/// who they are; and a shell for which the sample's ports are those of this balancer.
/// </summary>
internal sealed partial class Sandbox : IAsyncDisposable
{
    private const string Token = "the-token-of-the-sandbox";

    private static readonly string[] Services = ["catalog", "auth", "settings", "chat", "shop", "shop-v2"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-docs-");
    private readonly Dictionary<string, int> _ports = [];
    private readonly CancellationTokenSource _stop = new();
    // The same port over UDP is the sandbox's too.
    private readonly TcpListener _tcp = new(IPAddress.Loopback, FreePorts.Take());
    private WebApplication? _services;
    private WebApplication? _balancer;

    private Sandbox()
    {
    }

    public static async Task<Sandbox> StartAsync()
    {
        var sandbox = new Sandbox();
        await sandbox.StartServicesAsync();
        await sandbox.StartBalancerAsync();
        return sandbox;
    }

    public static bool Has(string program) => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a command with the sandbox's ports in place of the sample's, and with its token.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(string command)
    {
        // What streams has no end of its own; all else has as long as a busy machine needs.
        var seconds = Streams().IsMatch(command) ? 2 : 30;
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, ".curlrc"), $"fail-with-body\nshow-error\nmax-time = {seconds}\n", TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("bash", ["-c", $"{{ {SamplePorts().Replace(command, port => $"{_ports[port.Value]}")}\n}} 2>&1"])
        {
            WorkingDirectory = _directory.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["TOKEN"] = Token, ["CURL_HOME"] = _directory.FullName },
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        return (process.ExitCode, output);
    }

    /// <summary>Leaves a pool without a backend that can be picked.</summary>
    public async Task DrainAsync(string pool)
    {
        using var admin = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", Token) } };
        using var answer = await admin.PostAsync($"http://localhost:{_ports["9080"]}/admin/pools/{pool}/backends/{pool}-1/drain", content: null, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null)
        {
            await _balancer.DisposeAsync();
        }

        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        await _stop.CancelAsync();
        _tcp.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task StartServicesAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls([.. Services.Select(_ => "http://127.0.0.1:0")]);
        _services = builder.Build();
        _services.Run(context => context.Response.WriteAsJsonAsync(new { path = context.Request.Path.Value, port = context.Connection.LocalPort }));
        await _services.StartAsync(TestContext.Current.CancellationToken);

        _tcp.Start();
        _ = EchoConnectionsAsync();
        _ = EchoDatagramsAsync(new(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)_tcp.LocalEndpoint).Port)));
    }

    private async Task StartBalancerAsync()
    {
        foreach (var (sample, free) in new[] { "8080", "8082", "8443", "9080", "7000", "7002", "7443" }.Zip(FreePorts.Take(7)))
        {
            _ports[sample] = free;
        }

        // One process is both balancers of the sample here.
        _ports["9070"] = _ports["9080"];
        _ports["7001"] = _ports["7000"];
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "ca.pem"), Certificate());

        var path = Path.Combine(_directory.FullName, "sandbox.json");
        await File.WriteAllTextAsync(path, Configuration().ToJson());
        var candidate = ConfigurationCandidate.Read(path);
        Assert.Empty(candidate.Errors);
        _balancer = ServerApplication.Build(path, candidate);
        await _balancer.StartAsync(TestContext.Current.CancellationToken);

        using var admin = new HttpClient();
        var waited = Stopwatch.StartNew();
        while (!HealthyPools().IsMatch(await admin.GetStringAsync($"http://localhost:{_ports["9080"]}/healthz", TestContext.Current.CancellationToken)))
        {
            Assert.True(waited.Elapsed < Patience, "the sandbox's pools have no healthy backend");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private ConfigurationFile Configuration()
    {
        var file = new ConfigurationFile { Logging = JsonDocument.Parse("""{ "LogLevel": { "Default": "None" } }""").RootElement };
        var balancer = file.LoadBalancer;
        balancer.Name = "edge";
        balancer.Admin = new() { Address = $"localhost:{_ports["9080"]}", Token = Token };
        var addresses = _services!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        foreach (var (service, address) in Services.Zip(addresses))
        {
            AddPool(service, "http", address, new Uri(address).Authority);
        }

        AddPool("echo", "tcp", $"{_tcp.LocalEndpoint}", $"{_tcp.LocalEndpoint}");
        balancer.Layer4.Listeners["echo"] = new() { Address = $"localhost:{_ports["7000"]}", Pool = "echo" };
        balancer.Layer4.Listeners["echo-udp"] = new() { Address = $"localhost:{_ports["7001"]}", Protocol = Layer4Protocol.Udp, Pool = "echo" };
        balancer.Layer4.Listeners["catalog"] = new() { Address = $"localhost:{_ports["7002"]}", Pool = "catalog" };
        // Whose certificate it is makes no difference to a client that takes any.
        AddPool("catalog-tls", "tcp", $"localhost:{_ports["8443"]}", $"localhost:{_ports["8443"]}");
        balancer.Layer4.Listeners["catalog-tls"] = new() { Address = $"localhost:{_ports["7443"]}", Pool = "catalog-tls" };
        var layer7 = balancer.Layer7;
        layer7.Listeners["http"] = new() { Address = $"localhost:{_ports["8080"]}" };
        layer7.Listeners["proxied"] = new() { Address = $"localhost:{_ports["8082"]}", ProxyProtocol = new() { TrustedNetworks = ["127.0.0.1", "::1"] } };
        layer7.Listeners["https"] = new() { Address = $"localhost:{_ports["8443"]}", Tls = new() { Certificates = { ["site"] = new() { Path = "ca.pem" } } } };
        foreach (var service in Services.Where(service => service is not ("catalog" or "shop-v2")))
        {
            layer7.Routes[service] = new() { Path = $"/{service}/{{**rest}}", Pool = service, RemovePrefix = $"/{service}", SessionAffinity = service == "chat" ? new() : null };
        }

        layer7.Routes["shop"].Cache = new();
        layer7.Routes["shop"].Split = new() { Pools = { ["shop-v2"] = 10 } };
        layer7.Routes["about"] = new() { Path = "/about", Pool = "catalog", Cache = new() { Duration = TimeSpan.FromSeconds(30) } };
        layer7.Routes["default"] = new() { Path = "/{**rest}", Pool = "catalog", SessionAffinity = new() };
        return file;

        void AddPool(string service, string scheme, string address, string authority)
        {
            balancer.Pools[service] = new() { Service = $"{scheme}://{service}", Backends = { [$"{service}-1"] = new() { Address = authority } } };
            file.Services[service] = new() { [scheme] = [address] };
        }
    }

    private async Task EchoConnectionsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _tcp.AcceptTcpClientAsync(_stop.Token);
            _ = Task.Run(async () =>
            {
                using (client)
                {
                    await client.GetStream().CopyToAsync(client.GetStream(), _stop.Token);
                }
            });
        }
    }

    private async Task EchoDatagramsAsync(UdpClient socket)
    {
        using (socket)
        {
            while (!_stop.IsCancellationRequested)
            {
                var received = await socket.ReceiveAsync(_stop.Token);
                await socket.SendAsync(received.Buffer, received.RemoteEndPoint, _stop.Token);
            }
        }
    }

    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    [GeneratedRegex(@"\b(8080|8082|8443|9080|9070|7000|7001|7002|7443)\b")]
    private static partial Regex SamplePorts();

    [GeneratedRegex(@"\bcurl -\w*N\b")]
    private static partial Regex Streams();

    [GeneratedRegex(@"^(?!.*"": 0).*ready", RegexOptions.Singleline)]
    private static partial Regex HealthyPools();
}
