using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Tests;

public sealed class CommandTests
{
    private const string Token = "a-token-for-tests";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> All => new()
    {
        { "POST", "/admin/pools/echo/backends/one/drain" },
        { "POST", "/admin/pools/echo/backends/one/resume" },
        { "POST", "/admin/pools/echo/backends/one/eject" },
        { "POST", "/admin/pools/echo/backends/one/weight" },
        { "PUT", "/admin/pools/echo/backends/one/faults" },
        { "DELETE", "/admin/pools/echo/backends/one/faults" },
        { "PUT", "/admin/pools/echo/faults" },
        { "DELETE", "/admin/pools/echo/faults" },
        { "GET", "/admin/routes" },
        { "PUT", "/admin/routes/all/split" },
        { "PUT", "/admin/routes/all/faults" },
        { "DELETE", "/admin/routes/all/faults" },
        { "PUT", "/admin/pools/echo/policy" },
        { "GET", "/admin/connections" },
        { "DELETE", "/admin/connections/1" },
    };

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_command_needs_the_token(string method, string path)
    {
        await using var server = await StartAsync();
        foreach (var authorization in new[] { null, "Bearer another-token-here", "Basic " + Token, Token, "Bearer" })
        {
            using var request = new HttpRequestMessage(new(method), path) { Content = JsonContent.Create(new { weight = 9, refuse = true, policy = "Random" }) };
            if (authorization is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }

            using var response = await server.Admin.SendAsync(request, Cancelled);

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            Assert.DoesNotContain(Token, await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        var pool = (await server.GetStatisticsAsync()).Pools[0];
        var backend = pool.Backends[0];
        Assert.Equal((BackendState.Healthy, 1, null), (backend.State, backend.Weight, backend.Faults));
        Assert.Equal(SelectionPolicy.RoundRobin, pool.Policy);
    }

    [Fact]
    public async Task A_drained_backend_gets_nothing_until_it_is_resumed()
    {
        await using var server = await StartAsync();

        var drained = await CommandAsync(server, HttpMethod.Post, "/admin/pools/echo/backends/one/drain");

        Assert.Equal((BackendState.Draining, "drained by command"), (drained.State, drained.Reason));
        Assert.Equal(["two", "two", "two"], await AskAsync(server, 3));

        var resumed = await CommandAsync(server, HttpMethod.Post, "/admin/pools/echo/backends/one/resume");

        Assert.Equal(BackendState.Healthy, resumed.State);
        Assert.Contains("one", await AskAsync(server, 2));
    }

    [Fact]
    public async Task A_backend_is_known_by_its_address_as_well()
    {
        await using var server = await StartAsync();
        var address = (await server.GetStatisticsAsync()).Pools[0].Backends[0].Address;

        var drained = await CommandAsync(server, HttpMethod.Post, $"/admin/pools/echo/backends/{address}/drain");

        Assert.Equal(("one", BackendState.Draining), (drained.Name, drained.State));
    }

    [Fact]
    public async Task A_weight_holds_at_once()
    {
        await using var server = await StartAsync(SelectionPolicy.WeightedRoundRobin);

        var backend = await CommandAsync(server, HttpMethod.Post, "/admin/pools/echo/backends/one/weight", new { weight = 3 });

        Assert.Equal(3, backend.Weight);
        Assert.Equal(6, (await AskAsync(server, 8)).Count(name => name == "one"));
    }

    [Fact]
    public async Task An_ejected_backend_comes_back_when_resumed()
    {
        await using var server = await StartAsync();

        var ejected = await CommandAsync(server, HttpMethod.Post, "/admin/pools/echo/backends/one/eject");

        Assert.Equal((BackendState.Ejected, 1L), (ejected.State, ejected.Ejections));
        Assert.NotNull(ejected.EjectedUntil);
        Assert.Equal(BackendState.Healthy, (await CommandAsync(server, HttpMethod.Post, "/admin/pools/echo/backends/one/resume")).State);
    }

    [Fact]
    public async Task Faults_of_a_pool_hold_until_they_are_taken_back()
    {
        await using var server = await StartAsync();

        var pool = await CommandAsync(server, HttpMethod.Put, "/admin/pools/echo/faults", new { refuse = true }, CommandJsonContext.Default.PoolStatistics);

        Assert.Equal(new FaultOptions { Refuse = true }, pool.Faults);
        await Assert.ThrowsAnyAsync<SocketException>(() => AskAsync(server, 1));
        Assert.Equal(1, (await server.GetStatisticsAsync()).Layer4.Listeners[0].Refusals["Fault"]);

        pool = await CommandAsync(server, HttpMethod.Delete, "/admin/pools/echo/faults", null, CommandJsonContext.Default.PoolStatistics);

        Assert.Null(pool.Faults);
        Assert.Single(await AskAsync(server, 1));
    }

    [Theory]
    [InlineData("POST", "/admin/pools/nosuch/backends/one/drain", "{}", 404, "There is no pool 'nosuch'; there are echo.")]
    [InlineData("POST", "/admin/pools/echo/backends/nosuch/drain", "{}", 404, "There is no backend 'nosuch' in pool 'echo'; it has one (")]
    [InlineData("POST", "/admin/pools/echo/backends/one/weight", "{\"weight\": 0}", 400, "weight: '0' is out of range; must be 1 to 256")]
    [InlineData("POST", "/admin/pools/echo/backends/one/weight", "{\"weight\": 257}", 400, "weight: '257' is out of range; must be 1 to 256")]
    [InlineData("POST", "/admin/pools/echo/backends/one/weight", "five", 400, "the body must be JSON with weight")]
    [InlineData("POST", "/admin/pools/echo/backends/one/weight", "", 400, "the body must be JSON with weight")]
    [InlineData("POST", "/admin/pools/echo/backends/one/weight", "null", 400, "the body must be JSON with weight")]
    [InlineData("PUT", "/admin/pools/echo/faults", "{\"latencyMilliseconds\": -1}", 400, "latencyMilliseconds: '-1' is out of range; must be 0 to 600000")]
    [InlineData("PUT", "/admin/pools/echo/backends/one/faults", "{\"latency\": 1}", 400, "latency: unknown member; the body must be JSON with latencyMilliseconds, jitterMilliseconds, bytesPerSecond, resetAfterBytes, refuse, blackHole, status, percent, header, headerValue")]
    [InlineData("PUT", "/admin/pools/echo/faults", "{\"refuse\": true, \"percent\": 20}", 400, "percent: is for requests, and no Layer 7 route leads to pool 'echo'; must be left out")]
    [InlineData("PUT", "/admin/pools/echo/faults", "{\"status\": 503}", 400, "status: is for requests")]
    [InlineData("PUT", "/admin/pools/echo/backends/one/faults", "{\"blackHole\": true, \"header\": \"X-Fault\"}", 400, "header: is for requests")]
    [InlineData("PUT", "/admin/pools/echo/policy", "{\"policy\": \"Fastest\"}", 400, "policy: the value does not fit; the body must be JSON with policy (RoundRobin, LeastConnections, ")]
    [InlineData("PUT", "/admin/pools/echo/policy", "{\"policy\": 99}", 400, "policy: '99' is not a policy; must be one of RoundRobin, LeastConnections, ")]
    [InlineData("PUT", "/admin/pools/echo/policy", "{}", 400, "the body must be JSON with policy (")]
    [InlineData("PUT", "/admin/pools/nosuch/policy", "{}", 404, "There is no pool 'nosuch'; there are echo.")]
    [InlineData("GET", "/admin/connections?limit=0", "", 400, "limit: '0' is not allowed; must be 1 to 10000")]
    [InlineData("GET", "/admin/connections?color=red", "", 400, "color: unknown filter; allowed are listener, pool, backend, client, limit")]
    [InlineData("DELETE", "/admin/connections/999999999", "", 404, "There is no connection '999999999'")]
    public async Task A_bad_command_changes_nothing_and_says_what_is_allowed(string method, string path, string body, int status, string detail)
    {
        await using var server = await StartAsync();
        using var request = Authorized(new(method), path);
        request.Content = new StringContent(body);

        using var response = await server.Admin.SendAsync(request, Cancelled);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        var problem = await response.Content.ReadFromJsonAsync(CommandJsonContext.Default.Problem, Cancelled);
        Assert.Equal(status, problem!.Status);
        Assert.Contains(detail, problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("isNone", problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u0027", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        var pool = (await server.GetStatisticsAsync()).Pools[0];
        Assert.All(pool.Backends, backend => Assert.Equal((BackendState.Healthy, 1, null), (backend.State, backend.Weight, backend.Faults)));
        Assert.Null(pool.Faults);
        Assert.Equal(SelectionPolicy.RoundRobin, pool.Policy);
    }

    [Fact]
    public async Task A_policy_holds_at_once_and_until_the_configuration_changes_it()
    {
        await using var server = await StartAsync();

        var pool = await CommandAsync(server, HttpMethod.Put, "/admin/pools/echo/policy", new { policy = "First" }, CommandJsonContext.Default.PoolStatistics);

        Assert.Equal(SelectionPolicy.First, pool.Policy);
        Assert.Equal(["one", "one", "one"], await AskAsync(server, 3));
        Assert.Equal(SelectionPolicy.First, (await server.GetStatisticsAsync()).Layer4.Listeners[0].Policy);

        var file = JsonNode.Parse(await File.ReadAllTextAsync(server.Path, Cancelled))!;
        var echo = file["LoadBalancer"]!["Pools"]!["echo"]!;
        echo["QueueLength"] = 7;
        server.Replace(file.ToJsonString());
        await server.WaitForAsync(now => now.Configuration.Reloads == 1);
        Assert.Equal(SelectionPolicy.First, (await server.GetStatisticsAsync()).Pools[0].Policy);
        echo["Policy"] = "Random";
        server.Replace(file.ToJsonString());
        await server.WaitForAsync(now => now.Pools[0].Policy == SelectionPolicy.Random);
    }

    [Fact]
    public async Task The_time_to_connect_is_the_latency_of_Layer_4()
    {
        await using var server = await StartAsync();
        Assert.All((await server.GetStatisticsAsync()).Pools[0].Backends, backend => Assert.Null(backend.LatencyMilliseconds));

        await AskAsync(server, 2);

        Assert.All((await server.GetStatisticsAsync()).Pools[0].Backends, backend => Assert.InRange(backend.LatencyMilliseconds!.Value, 0.001, 10_000));
    }

    [Fact]
    public async Task Connections_are_listed_filtered_and_closed()
    {
        await using var server = await StartAsync(waits: true);
        using var first = await ConnectAsync(server);
        using var second = await ConnectAsync(server);
        await server.WaitForAsync(now => now.Layer4.Connections.Count(row => row.Backend is not null) == 2);

        var all = await ListAsync(server, "");
        var one = await ListAsync(server, "?backend=one");
        var limited = await ListAsync(server, "?limit=1&listener=wire");
        var byClient = await ListAsync(server, $"?client={Uri.EscapeDataString(first.LocalEndPoint!.ToString()!)}");

        Assert.Equal((2, 2), (all.Total, all.Connections.Count));
        Assert.Equal("one", Assert.Single(one.Connections).Backend);
        Assert.Equal((2, 1), (limited.Total, limited.Connections.Count));
        Assert.Equal(first.LocalEndPoint!.ToString(), Assert.Single(byClient.Connections).Client);
        Assert.Empty((await ListAsync(server, "?listener=nosuch")).Connections);

        using var request = Authorized(HttpMethod.Delete, $"/admin/connections/{byClient.Connections[0].Id}");
        using var response = await server.Admin.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        await Assert.ThrowsAsync<SocketException>(async () => await first.ReceiveAsync(new byte[1], Cancelled));
        await server.WaitForAsync(now => now.Layer4.Connections.Count == 1);
    }

    private static async Task<TestServer> StartAsync(SelectionPolicy policy = SelectionPolicy.RoundRobin, bool waits = false)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Token = Token;
        var pool = new PoolOptions { HealthCheck = new() { Type = HealthCheckType.None }, Policy = policy };
        var addresses = new[] { "one", "two" }.Select(name => (Name: name, Address: NamedBackend.Start(name, waits).ToString())).ToArray();
        foreach (var (name, address) in addresses)
        {
            pool.Backends[name] = new() { Address = address };
        }

        file.LoadBalancer.Pools["echo"] = pool;
        file.LoadBalancer.Layer4.Listeners["wire"] = new() { Address = "127.0.0.1:0", Pool = "echo" };
        file.Services["echo"] = new() { ["tcp"] = [.. addresses.Select(backend => $"tcp://{backend.Address}")] };
        var server = await TestServer.StartAsync(file);
        await server.WaitForAsync(now => now.Pools[0].Healthy == 2);
        return server;
    }

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var address = (await server.GetStatisticsAsync()).Layer4.Listeners[0].Addresses[0];
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(address), Cancelled);
        return socket;
    }

    private static async Task<string[]> AskAsync(TestServer server, int times)
    {
        var names = new string[times];
        for (var i = 0; i < times; i++)
        {
            using var socket = await ConnectAsync(server);
            var buffer = new byte[64];
            var length = await socket.ReceiveAsync(buffer, Cancelled);
            names[i] = System.Text.Encoding.ASCII.GetString(buffer, 0, length);
        }

        return names;
    }

    private static async Task<ConnectionList> ListAsync(TestServer server, string query)
    {
        using var request = Authorized(HttpMethod.Get, "/admin/connections" + query);
        using var response = await server.Admin.SendAsync(request, Cancelled);
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(CommandJsonContext.Default.ConnectionList, Cancelled))!;
    }

    private static Task<BackendStatistics> CommandAsync(TestServer server, HttpMethod method, string path, object? body = null) =>
        CommandAsync(server, method, path, body, CommandJsonContext.Default.BackendStatistics);

    private static async Task<T> CommandAsync<T>(TestServer server, HttpMethod method, string path, object? body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var request = Authorized(method, path);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await server.Admin.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync(type, Cancelled))!;
    }

    private static HttpRequestMessage Authorized(HttpMethod method, string path) =>
        new(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };
}
