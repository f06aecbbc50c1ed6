using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using LoadBalancer.Configuration.Statistics;

namespace Aspire.Hosting.Tests;

/// <summary>What a developer sees who runs the sample AppHost.</summary>
[Collection(nameof(AppHostCollection))]
public sealed class AppHostTests(AppHostFixture fixture)
{
    private async Task CommandAsync(string replica, string command)
    {
        var result = await fixture.App.ResourceCommands.ExecuteCommandAsync(replica, command, Cancelled);
        Assert.True(result.Success, $"{command} of {replica}: {result.Message}");
    }

    // As a crash ends it.
    private async Task KillAsync(string replica)
    {
        using var client = NewClient();
        var answer = await Eventually.GetAsync(() => client.GetFromJsonAsync<JsonElement>("/", Cancelled), answer => answer.GetProperty("replica").GetString() == replica, AppHostFixture.StartDeadline);
        using var process = Process.GetProcessById(answer.GetProperty("pid").GetInt32());
        process.Kill();
    }

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly string[] FixedPorts = ["7000", "7001", "7002", "7443", "8080", "8443", "9070", "9080"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Backends_are_named_after_the_replicas_that_the_dashboard_shows()
    {
        var pool = await fixture.GetPoolAsync("edge", "catalog");

        Assert.Equal(ReplicasOf("catalog"), pool.Backends.Select(backend => backend.Name).Order(StringComparer.Ordinal));
        Assert.Equal(3, pool.Backends.Select(backend => backend.Address).Distinct().Count());
    }

    [Fact]
    public async Task Requests_over_one_connection_spread_over_all_replicas()
    {
        var connections = 0;
        using var client = NewClient(connected: () => connections++);
        var answers = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            answers.Add((await client.GetFromJsonAsync<JsonElement>("/", Cancelled)).GetProperty("replica").GetString()!);
        }

        Assert.Equal(1, connections);
        AssertSpread(ReplicasOf("catalog"), answers, lowest: 90, highest: 110);
    }

    [Fact]
    public async Task Connections_spread_over_all_replicas()
    {
        var clients = new List<TcpClient>();
        var answers = new List<string>();
        try
        {
            for (var i = 0; i < 30; i++)
            {
                var client = new TcpClient();
                clients.Add(client);
                await client.ConnectAsync(fixture.Wire.Host, fixture.Wire.Port, Cancelled);
                await client.GetStream().WriteAsync("hello\n"u8.ToArray(), Cancelled);
                var answer = await new StreamReader(client.GetStream()).ReadLineAsync(Cancelled);
                Assert.EndsWith(" hello", answer, StringComparison.Ordinal);
                answers.Add(answer!.Split(' ')[0]);
            }

            AssertSpread(ReplicasOf("echo"), answers, lowest: 9, highest: 11);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Sessions_spread_over_all_replicas_and_a_session_stays()
    {
        var clients = new List<UdpClient>();
        var answers = new List<string>();
        try
        {
            for (var i = 0; i < 30; i++)
            {
                var client = new UdpClient(AddressFamily.InterNetwork);
                clients.Add(client);
                client.Connect(IPAddress.Loopback, fixture.WireUdp.Port);
                var first = await AskAsync(client, $"{i} first");
                Assert.Equal(first, await AskAsync(client, $"{i} second"));
                answers.Add(first);
            }

            AssertSpread(ReplicasOf("echo"), answers, lowest: 9, highest: 11);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Commands_need_the_token_that_the_AppHost_made()
    {
        var token = await fixture.Balancer("wire").AdminTokenParameter!.GetValueAsync(Cancelled);
        using var client = fixture.App.CreateHttpClient("wire", LoadBalancerResource.AdminEndpointName);
        using var refused = await client.GetAsync("/admin/connections", Cancelled);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);

        using var allowed = await client.GetAsync("/admin/connections", Cancelled);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, allowed.StatusCode));
        Assert.NotEqual(token, await fixture.Balancer("edge").AdminTokenParameter!.GetValueAsync(Cancelled));
    }

    [Fact]
    public async Task The_token_is_told_nobody_but_the_balancer()
    {
        // That of 'edge' the AppHost tells the load generator.
        var token = (await fixture.Balancer("wire").AdminTokenParameter!.GetValueAsync(Cancelled))!;
        await fixture.App.ResourceNotifications
            .WaitForResourceAsync("wire", report => report.Snapshot.EnvironmentVariables.Any(variable => variable.Value == token), Cancelled)
            .WaitAsync(AppHostFixture.StartDeadline, Cancelled);

        // The dashboard masks the values of environment variables, and nothing else of these.
        Assert.All(fixture.Events, report => Assert.DoesNotContain(
            token,
            JsonSerializer.Serialize((object[])[report.Snapshot.Properties.Select(property => property.Value), report.Snapshot.Urls]),
            StringComparison.Ordinal));
        Assert.Equal(
            ["wire"],
            fixture.Events.Where(report => report.Snapshot.EnvironmentVariables.Any(variable => variable.Value == token)).Select(report => report.Resource.Name).Distinct());
    }

    [Fact]
    public async Task A_listener_at_its_limit_refuses_the_next_connection_until_one_ends()
    {
        using (var first = await ConnectAsync("limited"))
        {
            Assert.NotNull(await AskAsync(first, "one"));

            Assert.Null(await AskAnewAsync("two"));
        }

        var answer = await Eventually.GetAsync(
            () => AskAnewAsync("three"),
            found => found is not null,
            AppHostFixture.StartDeadline);
        Assert.Contains(answer, ReplicasOf("echo"));

        async Task<string?> AskAnewAsync(string text)
        {
            try
            {
                using var connection = await ConnectAsync("limited");
                return await AskAsync(connection, text);
            }
            catch (SocketException)
            {
                // The reset came before the client had noticed that it is connected.
                return null;
            }
        }
    }

    [Fact]
    public async Task A_TLS_connection_goes_where_its_server_name_says()
    {
        using var known = await ConnectAsync("tls");
        await known.GetStream().WriteAsync(await ClientHello.CaptureAsync("one.echo.localhost"), Cancelled);
        using var unknown = await ConnectAsync("tls");
        await unknown.GetStream().WriteAsync(await ClientHello.CaptureAsync("other.localhost"), Cancelled);

        // The service is no TLS server: it echoes the bytes, line by line, each with its name in front.
        Assert.Contains(await AskAsync(known, ""), ReplicasOf("echo"));
        Assert.Null(await AskAsync(unknown, ""));
    }

    [Fact]
    public async Task A_service_sees_its_own_paths_and_who_asked()
    {
        using var client = NewClient();

        var login = await client.GetFromJsonAsync<JsonElement>("/auth/login", Cancelled);
        var headers = (await client.GetFromJsonAsync<JsonElement>("/headers", Cancelled)).GetProperty("headers");

        Assert.Equal(("auth", "GET"), (login.GetProperty("service").GetString(), login.GetProperty("method").GetString()));
        Assert.Contains(headers.GetProperty("X-Forwarded-For").GetString(), new[] { "127.0.0.1", "::1" });
        Assert.Equal("http", headers.GetProperty("X-Forwarded-Proto").GetString());
        Assert.Equal(fixture.Edge.Authority, headers.GetProperty("X-Forwarded-Host").GetString());
    }

    [Fact]
    public async Task An_answer_of_a_cached_route_comes_from_the_balancer()
    {
        using var client = NewClient();
        var first = await client.GetStringAsync("/about", Cancelled);
        var hits = (await RouteAsync("about")).CacheHits;

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(first, await client.GetStringAsync("/about", Cancelled));
        }

        Assert.Equal(hits + 10, (await RouteAsync("about")).CacheHits);
    }

    [Fact]
    public async Task A_client_that_keeps_its_cookie_keeps_its_replica()
    {
        using var client = NewClient(cookies: true);
        var answers = new HashSet<string>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add(await client.GetStringAsync("/", Cancelled));
        }

        Assert.Single(answers);
    }

    [Theory]
    [InlineData("catalog", "edge")]
    [InlineData("echo", "wire")]
    public async Task A_replica_that_is_stopped_leaves_within_a_second_and_returns_when_it_is_started(string service, string balancer)
    {
        // The best of some: now and then a machine that has much else to do needs longer.
        var replica = ReplicasOf(service)[0];
        var left = new List<TimeSpan>();
        do
        {
            left.Add(await StopAsync());
            Assert.Equal(2, (await fixture.WaitForHealthyAsync(balancer, service, 2)).Healthy);

            await CommandAsync(replica, KnownResourceCommands.StartCommand);
            var pool = await fixture.WaitForHealthyAsync(balancer, service, 3);
            Assert.Contains(replica, pool.Backends.Select(backend => backend.Name));
        }
        while (left[^1] >= Second && left.Count < 5);

        Assert.True(left[^1] < Second, $"{replica} left after {string.Join(", ", left)}");

        async Task<TimeSpan> StopAsync()
        {
            var address = (await fixture.GetPoolAsync(balancer, service)).Backends.Single(backend => backend.Name == replica).Address;
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            var gone = WaitForStateAsync(replica, state => state != KnownResourceStates.Running, watching.Token);
            var stop = CommandAsync(replica, KnownResourceCommands.StopCommand);
            var reported = await gone.WaitAsync(AppHostFixture.StartDeadline, Cancelled);
            await Eventually.GetAsync(() => fixture.GetPoolAsync(balancer, service), pool => pool.Backends.All(backend => backend.Address != address || backend.State == BackendState.Draining), AppHostFixture.StartDeadline);
            var time = Stopwatch.GetElapsedTime(reported);
            await stop;
            return time;
        }
    }

    [Fact]
    public async Task No_request_fails_after_a_replica_has_left()
    {
        var replica = ReplicasOf("catalog")[1];
        await CommandAsync(replica, KnownResourceCommands.StopCommand);
        await fixture.WaitForHealthyAsync("edge", "catalog", 2);
        using var client = NewClient();

        var answers = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            answers.Add((await client.GetFromJsonAsync<JsonElement>("/", Cancelled)).GetProperty("replica").GetString()!);
        }

        AssertSpread([.. ReplicasOf("catalog").Where(other => other != replica)], answers, lowest: 27, highest: 33);
        await CommandAsync(replica, KnownResourceCommands.StartCommand);
        await fixture.WaitForHealthyAsync("edge", "catalog", 3);
    }

    [Fact]
    public async Task Replicas_that_stop_and_crash_under_load_fail_no_request_and_return_when_they_are_started()
    {
        using var client = NewClient();
        await using var load = new Load(3, () => client.GetStringAsync("/", Cancelled));
        var left = new List<TimeSpan>();
        for (var i = 0; i < 4; i++)
        {
            var replica = ReplicasOf("catalog")[i % 3];
            if (i % 2 == 0)
            {
                await CommandAsync(replica, KnownResourceCommands.StopCommand);
            }
            else
            {
                await KillAsync(replica);
            }

            var gone = await WaitForStateAsync(replica, state => state != KnownResourceStates.Running, Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);
            await Eventually.GetAsync(() => fixture.GetPoolAsync("edge", "catalog"), pool => pool.Backends.All(backend => backend.Name != replica || backend.State == BackendState.Draining), AppHostFixture.StartDeadline);
            left.Add(Stopwatch.GetElapsedTime(gone));
            await CommandAsync(replica, KnownResourceCommands.StartCommand);
            await fixture.WaitForHealthyAsync("edge", "catalog", 3);
        }

        Assert.Empty(await load.EndAsync());
        Assert.True(load.Answered > 1_000);
        Assert.True(left.Min() < Second, $"They left after {string.Join(", ", left)}");
    }

    [Fact]
    public async Task While_the_only_replica_is_stopped_requests_are_told_so_and_it_is_asked_again_when_it_runs()
    {
        var replica = Assert.Single((await fixture.GetPoolAsync("edge", "settings")).Backends).Name;
        using var client = NewClient();
        await CommandAsync(replica, KnownResourceCommands.StopCommand);
        await Eventually.GetAsync(() => fixture.GetPoolAsync("edge", "settings"), pool => pool.Backends.Count == 0, AppHostFixture.StartDeadline);

        using var refused = await client.GetAsync("/settings/", Cancelled);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        await CommandAsync(replica, KnownResourceCommands.StartCommand);
        await Eventually.GetAsync(
            async () =>
            {
                using var answer = await client.GetAsync("/settings/", Cancelled);
                return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancelled)}";
            },
            answer => answer.StartsWith("200", StringComparison.Ordinal),
            AppHostFixture.StartDeadline);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("No healthy backend in pool 'settings' for route 'settings'. No backend is known: its service has not started yet, or is stopped.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_balancer_becomes_healthy_and_who_waits_for_it_starts_after_that()
    {
        await fixture.App.ResourceNotifications.WaitForResourceHealthyAsync("wire", Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);
        await fixture.App.ResourceNotifications.WaitForResourceAsync("client", KnownResourceStates.Finished, Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);

        var waiting = fixture.IndexOf(report => report.Resource.Name == "client" && report.Snapshot.State?.Text == KnownResourceStates.Waiting);
        var running = fixture.IndexOf(report => report.Resource.Name == "client" && report.Snapshot.StartTimeStamp is not null);
        Assert.NotEqual(-1, waiting);
        Assert.InRange(fixture.FirstHealthy("edge"), waiting, running);
    }

    [Fact]
    public async Task Who_references_a_balancer_finds_its_entrance_by_service_discovery()
    {
        var client = await fixture.App.ResourceNotifications.WaitForResourceAsync("client", report => !report.Snapshot.EnvironmentVariables.IsEmpty, Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);

        var variables = client.Snapshot.EnvironmentVariables.Where(variable => variable.Name.StartsWith("services__edge__", StringComparison.Ordinal)).ToArray();

        Assert.Equal(
            new[] { "http", "https", "named", "grpc" }.Select(name => ($"services__edge__{name}__0", fixture.App.GetEndpoint("edge", name).ToString().TrimEnd('/'))).Order(),
            variables.Select(variable => (variable.Name, variable.Value!)).Order());
    }

    [Fact]
    public void Ports_are_random_as_those_of_other_resources_are_in_a_test() =>
        Assert.All(
            new[] { fixture.Edge, fixture.App.GetEndpoint("edge", "https"), fixture.Wire, fixture.WireUdp, fixture.App.GetEndpoint("wire", "catalog"), fixture.App.GetEndpoint("wire", "catalog-tls"), fixture.App.GetEndpoint("edge", "admin"), fixture.App.GetEndpoint("wire", "admin") },
            endpoint => Assert.DoesNotContain($"{endpoint.Port}", FixedPorts));

    [Fact]
    public void The_dashboard_links_to_the_entrances_and_the_statistics()
    {
        var edge = Latest("edge");
        var wire = Latest("wire");

        Assert.Equal(("Layer7LoadBalancer", "Layer4LoadBalancer"), (edge.ResourceType, wire.ResourceType));
        Assert.Contains(edge.Urls, url => url.Url == fixture.Edge.ToString().TrimEnd('/'));
        Assert.Contains(wire.Urls, url => url.DisplayProperties.DisplayName == $"echo tcp://localhost:{fixture.Wire.Port}");
        Assert.Contains(wire.Urls, url => url.DisplayProperties.DisplayName == $"echo-udp udp://localhost:{fixture.WireUdp.Port}");
        Assert.All(new[] { edge, wire }, snapshot => Assert.Contains(snapshot.Urls, url => url.DisplayProperties.DisplayName == "Statistics" && url.Url.EndsWith("/stats", StringComparison.Ordinal)));
        Assert.All(new[] { edge, wire }, snapshot => Assert.Contains(snapshot.Urls, url => url.DisplayProperties.DisplayName == "Live page" && new Uri(url.Url).AbsolutePath == "/"));
    }

    [Fact]
    public async Task An_HTTPS_listener_presents_the_certificate_that_Aspire_gave_the_balancer_and_speaks_HTTP_2()
    {
        X509Certificate2? presented = null;
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            presented = X509CertificateLoader.LoadCertificate(certificate!.Export(X509ContentType.Cert));
            return true;
        };
        using var client = new HttpClient(handler) { BaseAddress = fixture.App.GetEndpoint("edge", "https"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        var headers = (await client.GetFromJsonAsync<JsonElement>("/headers", Cancelled)).GetProperty("headers");

        Assert.Equal("https", headers.GetProperty("X-Forwarded-Proto").GetString());
        Assert.Equal(fixture.Certificate.Thumbprint, presented!.Thumbprint);
    }

    [Fact]
    public async Task A_certificate_from_a_file_is_opened_by_its_secret_and_presented_for_its_name()
    {
        Assert.Equal(fixture.ShopCertificate.Thumbprint, await PresentedAsync("named", "shop.localhost"));
        Assert.Equal(fixture.Certificate.Thumbprint, await PresentedAsync("named", "other.localhost"));
    }

    [Fact]
    public async Task No_secret_of_a_certificate_is_in_what_the_dashboard_shows_unmasked() => Assert.All(
        (await fixture.App.ResourceNotifications.WaitForResourceAsync("edge", report => !report.Snapshot.EnvironmentVariables.IsEmpty, Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled)) is { } report
            ? new object[] { report.Snapshot.Properties.Select(property => property.Value), report.Snapshot.Urls, File.ReadAllText(fixture.Balancer("edge").ConfigurationPath!) }
            : [],
        shown => Assert.DoesNotContain("open-sesame", JsonSerializer.Serialize(shown), StringComparison.Ordinal));

    [Fact]
    public async Task A_listener_of_its_own_speaks_HTTP_2_in_clear_text()
    {
        using var client = new HttpClient { BaseAddress = fixture.App.GetEndpoint("edge", "grpc"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var answer = await client.GetAsync("/", Cancelled);

        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
    }

    /// <returns>The thumbprint of the certificate that a listener of <c>edge</c> presents for a name.</returns>
    private async Task<string> PresentedAsync(string listener, string serverName)
    {
        var endpoint = fixture.App.GetEndpoint("edge", listener);
        using var client = new TcpClient();
        await client.ConnectAsync(endpoint.Host, endpoint.Port, Cancelled);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = serverName }, Cancelled);
        return Assert.IsType<X509Certificate2>(tls.RemoteCertificate).Thumbprint;
    }

    private async Task<TcpClient> ConnectAsync(string listener)
    {
        var client = new TcpClient();
        var endpoint = fixture.App.GetEndpoint("wire", listener);
        await client.ConnectAsync(endpoint.Host, endpoint.Port, Cancelled);
        return client;
    }

    /// <returns>The replica that answered; null when the connection was closed instead.</returns>
    private static async Task<string?> AskAsync(TcpClient client, string text)
    {
        try
        {
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"{text}\n"), Cancelled);
            var answer = await new StreamReader(client.GetStream(), Encoding.Latin1).ReadLineAsync(Cancelled);
            return answer?.Split(' ')[0];
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <returns>The replica that answered.</returns>
    private static async Task<string> AskAsync(UdpClient client, string text)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        await client.SendAsync(Encoding.UTF8.GetBytes(text), deadline.Token);
        var answer = Encoding.UTF8.GetString((await client.ReceiveAsync(deadline.Token)).Buffer);
        Assert.EndsWith($" {text}", answer, StringComparison.Ordinal);
        return answer.Split(' ')[0];
    }

    private string[] ReplicasOf(string resource) =>
        [.. fixture.Events.Where(report => report.Resource.Name == resource && report.ResourceId != resource).Select(report => report.ResourceId).Distinct().Order(StringComparer.Ordinal)];

    private CustomResourceSnapshot Latest(string resource) => fixture.Events.Last(report => report.Resource.Name == resource).Snapshot;

    private async Task<RouteStatistics> RouteAsync(string name) => (await fixture.GetStatisticsAsync("edge")).Layer7.Routes.Single(route => route.Name == name);

    private HttpClient NewClient(bool cookies = false, Action? connected = null)
    {
        var handler = new SocketsHttpHandler { UseCookies = cookies, CookieContainer = new CookieContainer() };
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            connected?.Invoke();
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return new(handler) { BaseAddress = fixture.Edge };
    }

    /// <returns>When the state was reported.</returns>
    private async Task<long> WaitForStateAsync(string replica, Func<string?, bool> expected, CancellationToken cancellationToken)
    {
        await foreach (var report in fixture.App.ResourceNotifications.WatchAsync(cancellationToken))
        {
            if (report.ResourceId == replica && expected(report.Snapshot.State?.Text))
            {
                return Stopwatch.GetTimestamp();
            }
        }

        throw new InvalidOperationException("Nothing more is reported.");
    }

    private static void AssertSpread(string[] replicas, IReadOnlyCollection<string> answers, int lowest, int highest)
    {
        var shares = answers.CountBy(answer => answer).ToDictionary();
        Assert.Equal(replicas, shares.Keys.Order(StringComparer.Ordinal));
        Assert.All(shares, share => Assert.True(share.Value >= lowest && share.Value <= highest, $"{share.Key} gave {share.Value} of {answers.Count} answers, not {lowest} to {highest}"));
    }
}
