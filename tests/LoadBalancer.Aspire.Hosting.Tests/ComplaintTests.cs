using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Aspire.Hosting.Tests;

/// <summary>
/// What users of Aspire ask for in open issues: each test shows the complaint on a resource without a load balancer,
/// and that one line ends it.
/// </summary>
public sealed class ComplaintTests(ComplaintTests.Fixture fixture) : IClassFixture<ComplaintTests.Fixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Microsoft_aspire_6640_requests_of_one_kept_alive_client_are_spread_over_replicas()
    {
        using var direct = NewClient(await fixture.AddressOfAsync("plain"));
        using var balanced = NewClient(await fixture.AddressOfAsync("balanced"));

        Assert.Single((await AskAsync(direct, 20)).Distinct());
        Assert.Equal([10, 10], (await AskAsync(balanced, 20)).CountBy(replica => replica).Select(share => share.Value));
    }

    [Fact]
    public async Task Microsoft_aspire_9486_a_proxy_in_front_sees_every_replica()
    {
        var plain = await fixture.AddressOfAsync("plain");
        using var edge = await fixture.App.CreateLoadBalancerClientAsync("balanced-lb", Cancelled);
        var backends = (await edge.GetStatisticsAsync(Cancelled)).Pools.Single().Backends;

        // One address stands for both replicas; a proxy that is told it has one backend.
        Assert.Equal(plain, await fixture.AddressOfAsync("plain"));
        Assert.Equal(2, backends.Select(backend => backend.Address).Distinct().Count());
        Assert.DoesNotContain(new Uri(plain).Authority, backends.Select(backend => backend.Address));
    }

    [Fact]
    public async Task Microsoft_aspire_1660_a_session_stays_on_its_replica()
    {
        Assert.Equal(2, (await AskEachOverANewConnectionAsync(await fixture.AddressOfAsync("plain"))).Distinct().Count());
        Assert.Single((await AskEachOverANewConnectionAsync(await fixture.AddressOfAsync("sticky"))).Distinct());
    }

    [Fact]
    public async Task Whoever_references_the_resource_has_the_balancers_address_and_no_other_change()
    {
        var endpoint = fixture.App.GetEndpoint("balanced-lb", "http");

        Assert.Equal(endpoint.ToString().TrimEnd('/'), await fixture.AddressOfAsync("balanced"));
        Assert.NotEqual(fixture.App.GetEndpoint("balanced", "http"), endpoint);
        Assert.Equal(fixture.App.GetEndpoint("plain", "http").ToString().TrimEnd('/'), await fixture.AddressOfAsync("plain"));
    }

    private static HttpClient NewClient(string address, CookieContainer? cookies = null) =>
        new(new SocketsHttpHandler { UseCookies = cookies is not null, CookieContainer = cookies ?? new(), MaxConnectionsPerServer = 1 }) { BaseAddress = new(address) };

    private static async Task<string[]> AskAsync(HttpClient client, int times)
    {
        var answers = new string[times];
        for (var i = 0; i < times; i++)
        {
            answers[i] = (await client.GetFromJsonAsync<JsonElement>("/", Cancelled)).GetProperty("replica").GetString()!;
        }

        return answers;
    }

    // A browser that comes back: its cookies stay, its connections do not.
    private static async Task<string[]> AskEachOverANewConnectionAsync(string address)
    {
        var cookies = new CookieContainer();
        var answers = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            using var client = NewClient(address, cookies);
            answers.AddRange(await AskAsync(client, 1));
        }

        return [.. answers];
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private DistributedApplication? _app;

        public DistributedApplication App => _app ?? throw new InvalidOperationException("The AppHost has not started.");

        public async ValueTask InitializeAsync()
        {
            using var deadline = new CancellationTokenSource(AppHostFixture.StartDeadline);
            // Of the sample only what finds the orchestrator is needed.
            var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(deadline.Token);
            builder.Resources.Clear();
            var catalog = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "samples", "Catalog", "Catalog.csproj");
            var plain = builder.AddProject("plain", catalog).WithReplicas(2);
            var balanced = builder.AddProject("balanced", catalog).WithReplicas(2).WithLoadBalancer();
            var sticky = builder.AddProject("sticky", catalog).WithReplicas(2).WithLoadBalancer(lb => lb.WithAffinity());
            builder.AddExecutable("client", "dotnet", ".", "--version").WithReference(plain).WithReference(balanced).WithReference(sticky);
            foreach (var resource in builder.Resources.OfType<IResourceWithEnvironment>())
            {
                // There is no dashboard here to offer telemetry to.
                resource.Annotations.Add(new EnvironmentCallbackAnnotation(context => context.EnvironmentVariables["OTEL_EXPORTER_OTLP_ENDPOINT"] = ""));
            }

            _app = await builder.BuildAsync(deadline.Token);
            await _app.StartAsync(deadline.Token);
            foreach (var name in new[] { "balanced-lb", "sticky-lb" })
            {
                using var client = await _app.CreateLoadBalancerClientAsync(name, deadline.Token);
                await _app.ResourceNotifications.WaitForResourceHealthyAsync(name, deadline.Token);
                await Eventually.GetAsync(() => client.GetStatisticsAsync(deadline.Token), statistics => statistics.Pools.Single().Healthy == 2, AppHostFixture.StartDeadline);
            }

            await WaitForBothAsync(deadline.Token);
        }

        /// <summary>Where a resource is, as somebody is told who references it.</summary>
        public async Task<string> AddressOfAsync(string resource)
        {
            var variable = $"services__{resource}__http__0";
            var report = await App.ResourceNotifications.WaitForResourceAsync("client", report => report.Snapshot.EnvironmentVariables.Any(known => known.Name == variable), Cancelled);
            return report.Snapshot.EnvironmentVariables.Single(known => known.Name == variable).Value!;
        }

        public async ValueTask DisposeAsync()
        {
            if (_app is not null)
            {
                await _app.StopAsync();
                await _app.DisposeAsync();
            }
        }

        // Without a balancer nothing tells when the second replica listens; until then every answer is the first's.
        private async Task WaitForBothAsync(CancellationToken cancellationToken)
        {
            var address = App.GetEndpoint("plain", "http");
            await Eventually.GetAsync(
                async () =>
                {
                    try
                    {
                        return (await AskEachOverANewConnectionAsync(address.ToString())).Distinct().Count();
                    }
                    catch (HttpRequestException) when (!cancellationToken.IsCancellationRequested)
                    {
                        return 0;
                    }
                },
                replicas => replicas == 2,
                AppHostFixture.StartDeadline);
        }
    }
}
