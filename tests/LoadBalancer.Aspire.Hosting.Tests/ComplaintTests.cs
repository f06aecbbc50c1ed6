using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;

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

    [Theory]
    [InlineData(HttpTransportType.LongPolling)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    public async Task Microsoft_dcp_31_a_SignalR_connection_stays_on_its_replica(HttpTransportType transport)
    {
        // What is in front of the replicas without a balancer: the address that the orchestrator gave the resource.
        var direct = fixture.App.GetEndpoint("chat", "http");
        var balanced = new Uri(await fixture.AddressOfAsync("chat"));

        // A connection may be lucky; ten are not.
        var broken = 0;
        for (var i = 0; i < 10 && broken == 0; i++)
        {
            broken += await Record.ExceptionAsync(() => ChatAsync(direct, transport)) is null ? 0 : 1;
        }

        Assert.Equal(1, broken);

        var replicas = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            replicas.UnionWith(await ChatAsync(balanced, transport));
        }

        // Each connection began a session of its own, and none of them left its replica.
        Assert.Equal(3, replicas.Count);
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

    // As behind a proxy of a company, or in a browser with many tabs: no two requests share a connection for long.
    private static async Task<string[]> ChatAsync(Uri address, HttpTransportType transport)
    {
        await using var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(address, "/hub"), transport, options =>
            {
                options.HttpMessageHandlerFactory = handler =>
                {
                    handler.Dispose();
                    return new SocketsHttpHandler { CookieContainer = options.Cookies, PooledConnectionLifetime = TimeSpan.Zero };
                };
            })
            .Build();
        await connection.StartAsync(Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);
        var replicas = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            replicas.Add((await connection.InvokeAsync<JsonElement>("Where", Cancelled)).GetProperty("replica").GetString()!);
        }

        Assert.Single(replicas.Distinct());
        return [.. replicas.Distinct()];
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private DistributedApplication? _app;

        public DistributedApplication App => _app ?? throw new InvalidOperationException("The AppHost has not started.");

        public async ValueTask InitializeAsync()
        {
            using var deadline = new CancellationTokenSource(AppHostFixture.StartDeadline);
            var builder = await SmallAppHost.NewBuilderAsync(deadline.Token);
            var plain = builder.AddProject<CatalogProject>("plain").WithReplicas(2);
            var balanced = builder.AddProject<CatalogProject>("balanced").WithReplicas(2).WithLoadBalancer();
            var sticky = builder.AddProject<CatalogProject>("sticky").WithReplicas(2).WithLoadBalancer(lb => lb.WithAffinity());
            var chat = builder.AddProject<ChatProject>("chat").WithReplicas(3).WithLoadBalancer(lb => lb.WithAffinity());
            builder.AddExecutable("client", "dotnet", ".", "--version").WithReference(plain).WithReference(balanced).WithReference(sticky).WithReference(chat);
            _app = await builder.StartAsync(deadline.Token);
            await _app.WaitForBackendsAsync("balanced-lb", 2, deadline.Token);
            await _app.WaitForBackendsAsync("sticky-lb", 2, deadline.Token);
            await _app.WaitForBackendsAsync("chat-lb", 3, deadline.Token);

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
