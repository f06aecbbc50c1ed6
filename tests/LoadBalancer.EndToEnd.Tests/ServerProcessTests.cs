using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

public sealed class ServerProcessTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-process-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Check_says_valid_with_exit_code_0()
    {
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(new()), "--check"]);

        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Contains("is valid", server.Output);
    }

    [Theory]
    [InlineData("{ \"LoadBalancer\": { \"Polls\": {} } }", "LoadBalancer:Polls: unknown key; allowed are Name, Admin, DrainTimeout, Pools, Layer4, Layer7")]
    [InlineData("{", "line 1, position")]
    public async Task A_bad_file_is_one_line_and_exit_code_1_with_and_without_check(string text, string expected)
    {
        var path = Path.Combine(_directory.FullName, "bad.json");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        foreach (var check in new string[][] { ["--check"], [] })
        {
            await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", path, .. check]);

            Assert.Equal(1, await server.WaitForExitAsync());
            var line = Assert.Single(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            Assert.StartsWith(path, line);
            Assert.Contains(expected, line);
        }
    }

    [Theory]
    [InlineData("LoadBalancer:Layer4:Listeners:raw:Address")]
    [InlineData("LoadBalancer:Layer7:Listeners:web:Address")]
    [InlineData("LoadBalancer:Admin:Address")]
    public async Task A_port_in_use_is_named_with_its_key_and_exit_code_1(string key)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var file = new ConfigurationFile { LoadBalancer = { Pools = { ["p"] = new() } } };
        file.LoadBalancer.Layer4.Listeners["raw"] = new() { Address = "127.0.0.1:0", Pool = "p" };
        file.LoadBalancer.Layer7.Listeners["web"] = new() { Address = "127.0.0.1:0" };
        file.LoadBalancer.Admin.Address = "127.0.0.1:0";

        // An environment variable overrides the file, and the message names the key that both share.
        await using var server = TestProcess.Start(
            BuiltAssemblies.Server, ["--config", Write(file)], new Dictionary<string, string?> { [key.Replace(":", "__")] = $"{taken.LocalEndpoint}" });

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains($"{key}: '{taken.LocalEndpoint}' cannot be bound: Address already in use", server.Output);
        Assert.DoesNotContain("   at ", server.Output);
    }

    [Fact]
    public async Task The_token_of_commands_is_told_at_the_start_unless_one_is_given()
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Address = "127.0.0.1:0";
        await using var random = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(file)]);
        await random.WaitForOutputAsync("/admin need the token ");

        const string Token = "a-token-for-this-test";
        file.LoadBalancer.Layer7.Listeners["web"] = new() { Address = "127.0.0.1:0" };
        await using var given = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(file)], new Dictionary<string, string?> { ["LoadBalancer__Admin__Token"] = Token });
        await given.WaitForOutputAsync("Listener web: listening");
        Assert.DoesNotContain("need the token", given.Output);
        Assert.DoesNotContain(Token, given.Output);
    }

    [Fact]
    public async Task On_SIGTERM_an_open_connection_may_end_and_the_process_exits_with_0()
    {
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        var ports = FreePorts.Take(2);
        var port = ports[0];
        var file = new ConfigurationFile { Services = { ["p"] = new() { ["tcp"] = [$"{backend.LocalEndpoint}"] } } };
        file.LoadBalancer.Pools["p"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer4.Listeners["raw"] = new() { Address = $"127.0.0.1:{port}", Pool = "p" };
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{ports[1]}";
        file.LoadBalancer.DrainTimeout = TimeSpan.FromMinutes(1);
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(file)]);
        // The admin endpoint opens last: from then on the start is over, which a signal would only break off.
        using var admin = new HttpClient();
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    return (await admin.GetStringAsync($"http://127.0.0.1:{ports[1]}/healthz", TestContext.Current.CancellationToken)).Contains("\"p\": 1");
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            () => $"a healthy backend; the server said {server.Output}");
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
        using var accepted = await backend.AcceptTcpClientAsync(TestContext.Current.CancellationToken);

        server.Terminate();
        await server.WaitForOutputAsync("stopped accepting; 1 connections");
        // Longer than any default of a library that means well.
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync("still"u8.ToArray(), TestContext.Current.CancellationToken);
        var buffer = new byte[5];
        await accepted.GetStream().ReadExactlyAsync(buffer, TestContext.Current.CancellationToken);
        Assert.Equal("still"u8.ToArray(), buffer);
        Assert.False(server.HasExited);

        client.Close();
        accepted.Close();
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Fact]
    public async Task A_log_that_nobody_reads_stops_no_request()
    {
        // More than the pipe of the output (64 KiB) and the logger's queue (2,500 lines) take.
        const int Requests = 4_000;
        var ports = FreePorts.Take(2);
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{ports[1]}";
        file.LoadBalancer.Layer7.Listeners["web"] = new() { Address = $"127.0.0.1:{ports[0]}" };
        file.LoadBalancer.Layer7.AccessLog = new();
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(file)], isRead: false);
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{ports[0]}"), Timeout = Wait.Patience };
        await Wait.UntilAsync(() => IsNotFoundAsync(client), () => "the listener");

        var found = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var answered = 0;
            for (var i = 0; i < Requests / 8; i++)
            {
                answered += await IsNotFoundAsync(client) ? 1 : 0;
            }

            return answered;
        }));

        Assert.Equal(Requests, found.Sum());
    }

    private static async Task<bool> IsNotFoundAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync("/", TestContext.Current.CancellationToken);
            return response.StatusCode == HttpStatusCode.NotFound;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private string Write(ConfigurationFile file)
    {
        var path = Path.Combine(_directory.FullName, "balancer.json");
        File.WriteAllText(path, file.ToJson());
        return path;
    }
}
