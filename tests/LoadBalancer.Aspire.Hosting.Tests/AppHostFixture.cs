using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Tests;

/// <summary>The sample AppHost, started once for real, with a client that waits for <c>edge</c> and more listeners of <c>wire</c>.</summary>
public sealed class AppHostFixture : IAsyncLifetime
{
    public static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);

    private readonly CancellationTokenSource _stopping = new();
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("aspire-hosting-tests-");
    private readonly ConcurrentQueue<ResourceEvent> _events = new();
    private DistributedApplication? _app;
    private Task _following = Task.CompletedTask;

    public DistributedApplication App => _app ?? throw new InvalidOperationException("The AppHost has not started.");

    /// <summary>Everything that was reported of resources, in order.</summary>
    public IReadOnlyCollection<ResourceEvent> Events => _events;

    public Uri Edge => App.GetEndpoint("edge", "http");

    /// <summary>What the AppHost gives <c>edge</c> by Aspire's own call.</summary>
    public X509Certificate2 Certificate { get; } = SelfSigned("localhost");

    /// <summary>What <c>edge</c> reads from a file, for the name <c>shop.localhost</c>.</summary>
    public X509Certificate2 ShopCertificate { get; } = SelfSigned("shop.localhost");

    public Uri Wire => App.GetEndpoint("wire", "echo");

    public Uri WireUdp => App.GetEndpoint("wire", "echo-udp");

    public async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(StartDeadline);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(deadline.Token);
        builder.Services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            // A balancer that has yet to start is no error.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        var edge = builder.CreateResourceBuilder(builder.Resources.OfType<Layer7LoadBalancerResource>().Single());
        var echo = new EndpointReference((IResourceWithEndpoints)builder.Resources.Single(resource => resource.Name == "echo"), "tcp");
        builder.CreateResourceBuilder(builder.Resources.OfType<Layer4LoadBalancerResource>().Single())
            .WithTcpListener("limited", null, echo, l => l.WithMaxConnections(1, queueLength: 0))
            .WithTcpListener("tls", null, l => l.WithTlsRoute("echo", echo, serverNames: ["*.echo.localhost"]));
        var password = builder.AddParameter("shop-pfx", "open-sesame", secret: true);
        var pfx = Path.Combine(_files.FullName, "shop.pfx");
        await File.WriteAllBytesAsync(pfx, ShopCertificate.Export(X509ContentType.Pfx, "open-sesame"), deadline.Token);
#pragma warning disable ASPIRECERTIFICATES001 // Certificates of resources are experimental in Aspire 13.5.
        edge.WithHttpsCertificate(Certificate)
#pragma warning restore ASPIRECERTIFICATES001
            .WithHttpsListener(name: "named", configure: l => l.WithCertificate("shop", pfx, password: password, serverNames: ["shop.localhost"]).WithProtocols(HttpListenerProtocols.Http1))
            .WithHttpListener("grpc", configure: l => l.WithProtocols(HttpListenerProtocols.Http2));
        builder.AddExecutable("client", "dotnet", ".", "--version").WithReference(edge).WaitFor(edge);
        foreach (var resource in builder.Resources.Where(resource => resource is IResourceWithEnvironment))
        {
            // There is no dashboard here; a process that stops would offer it its telemetry for ten seconds, which is
            // as long as the orchestrator waits.
            resource.Annotations.Add(new EnvironmentCallbackAnnotation(context => context.EnvironmentVariables["OTEL_EXPORTER_OTLP_ENDPOINT"] = ""));
        }

        _app = await builder.BuildAsync(deadline.Token);
        _following = Task.Run(FollowAsync);
        await _app.StartAsync(deadline.Token);
        await WaitForHealthyAsync("edge", "catalog", 3);
        await WaitForHealthyAsync("edge", "auth", 2);
        await WaitForHealthyAsync("edge", "settings", 1);
        await WaitForHealthyAsync("wire", "echo", 3);
        await WaitForHealthyAsync("wire", "echo-udp", 3);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        await _following;
        _stopping.Dispose();
        _files.Delete(recursive: true);
        Certificate.Dispose();
        ShopCertificate.Dispose();
    }

    public LoadBalancerResource Balancer(string name) =>
        App.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<LoadBalancerResource>().Single(balancer => balancer.Name == name);

    public async Task<BalancerStatistics> GetStatisticsAsync(string balancer)
    {
        using var client = App.CreateHttpClient(balancer, LoadBalancerResource.AdminEndpointName);
        return (await client.GetFromJsonAsync("/stats", StatisticsJsonContext.Default.BalancerStatistics))!;
    }

    public async Task<PoolStatistics> GetPoolAsync(string balancer, string pool)
    {
        try
        {
            return (await GetStatisticsAsync(balancer)).Pools.Single(candidate => candidate.Name == pool);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            // The balancer has yet to start.
            return new(pool, "", default, 0, false, null, 0, null, 0, null, []);
        }
    }

    public Task<PoolStatistics> WaitForHealthyAsync(string balancer, string pool, int count) =>
        Eventually.GetAsync(() => GetPoolAsync(balancer, pool), found => found.Healthy == count && found.Backends.Count == count, StartDeadline);

    /// <summary>Where in <see cref="Events"/> a resource first became healthy; -1 when it has not.</summary>
    public int FirstHealthy(string resource) => IndexOf(report => report.Resource.Name == resource && report.Snapshot.HealthStatus == HealthStatus.Healthy);

    public int IndexOf(Func<ResourceEvent, bool> condition) =>
        _events.Select((report, index) => (report, index)).FirstOrDefault(entry => condition(entry.report), (null!, -1)).Item2;

    internal static X509Certificate2 SelfSigned(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (var report in App.ResourceNotifications.WatchAsync(_stopping.Token))
            {
                _events.Enqueue(report);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
