using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>
/// A balancer that speaks every version: the listener <c>http</c> HTTP/1.1 in clear text, <c>h2c</c> HTTP/2 with prior
/// knowledge, <c>tls</c> what the handshake decides.
/// </summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly TestBalancer _balancer;
    private readonly TestAuthority _authority;
    private readonly CertificateDirectory _files;

    private Gateway(TestBalancer balancer, LoadBalancerOptions options, TestAuthority authority, CertificateDirectory files)
    {
        _balancer = balancer;
        _authority = authority;
        _files = files;
        Options = options;
    }

    /// <summary>The options in force.</summary>
    public LoadBalancerOptions Options { get; }

    public TestBalancer Balancer => _balancer;

    /// <summary>The certificate of the authority that balancer and backends are vouched for by.</summary>
    public X509Certificate2 Authority => _authority.Certificate;

    /// <summary>Starts it in front of one backend.</summary>
    /// <param name="authority">Issues the listener's certificate, and is trusted with backends.</param>
    /// <param name="address">The backend, as discovery names it.</param>
    /// <param name="configure">Changes the options, whose route is <c>all</c> and whose pool is <c>web</c>.</param>
    /// <param name="logs">Gets what is logged.</param>
    public static async Task<Gateway> StartAsync(TestAuthority authority, string address, Action<LoadBalancerOptions>? configure = null, LogRecorder? logs = null)
    {
        var files = new CertificateDirectory();
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].Service = "https+http://web";
        options.Pools["web"].BackendTls = new() { TrustedCa = files.WriteCertificates("ca.pem", authority.Certificate) };
        options.Layer7.Listeners["h2c"] = new() { Address = "127.0.0.1:0", Protocols = HttpListenerProtocols.Http2 };
        options.Layer7.Listeners["tls"] = new() { Address = "127.0.0.1:0", Tls = new() { Certificates = { ["all"] = new() { Path = files.WritePem("all.pem", authority.Issue("127.0.0.1", "localhost")) } } } };
        configure?.Invoke(options);
        var balancer = await BindAsync(options, logs);
        await balancer.SetBackendsAsync("web", address);
        return new(balancer, options, authority, files);
    }

    /// <summary>A client of one version that speaks to the listener for it.</summary>
    /// <param name="kind">How the listener is spoken to.</param>
    public HttpClient CreateClient(ClientKind kind) => new(CreateHandler())
    {
        BaseAddress = UriOf(kind),
        DefaultRequestVersion = kind is ClientKind.H1 or ClientKind.H1Tls ? HttpVersion.Version11 : HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(60),
    };

    public SocketsHttpHandler CreateHandler() => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        UseProxy = false,
        Expect100ContinueTimeout = TimeSpan.FromSeconds(30),
        SslOptions = { CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { Authority } } },
    };

    public Uri UriOf(ClientKind kind) => _balancer.UriOf(kind switch
    {
        ClientKind.H1 => "http",
        ClientKind.H2C => "h2c",
        _ => "tls",
    });

    /// <summary>A connection to the listener <c>http</c>, for what no client sends.</summary>
    public async Task<RawConnection> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(_balancer.Uri.Host, _balancer.Uri.Port, TestContext.Current.CancellationToken);
        return new(new(socket, ownsSocket: true), TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until no request is under way, and says how many failed.</summary>
    /// <param name="atLeast">How many are waited for: a backend is given back a moment before its failure is counted.</param>
    public async Task<long> FailuresAfterwardsAsync(int atLeast = 0)
    {
        await TestBalancer.WaitUntilAsync(() => _balancer.Pools.Find("web")!.GetStatistics().Backends.All(backend => backend.Active == 0) && Failures() >= atLeast);
        return Failures();

        long Failures() => _balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Failures);
    }

    public async ValueTask DisposeAsync()
    {
        await _balancer.DisposeAsync();
        _files.Dispose();
    }

    // A port that was free may be somebody else's connection a moment later.
    private static async Task<TestBalancer> BindAsync(LoadBalancerOptions options, LogRecorder? logs)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>(), logs, waitForHealth: false);
            }
            catch (ListenException) when (tries < 5)
            {
                // Another balancer takes other ports.
            }
        }
    }
}
