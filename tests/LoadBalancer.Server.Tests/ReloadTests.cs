using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Server.Tests;

public sealed class ReloadTests
{
    [Fact]
    public async Task A_replaced_file_comes_into_force()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);

        file.LoadBalancer.Pools["raw"].Policy = SelectionPolicy.LeastConnections;
        file.Services["raw"]["tcp"] = ["127.0.0.1:1", "127.0.0.1:2"];
        server.Replace(file.ToJson());

        var statistics = await server.WaitForAsync(now => now.Configuration.Reloads == 1 && now.Pools[0].Backends.Count == 2);
        Assert.Equal(SelectionPolicy.LeastConnections, statistics.Pools[0].Policy);
        Assert.Empty(statistics.Configuration.Errors);
    }

    [Fact]
    public async Task A_file_written_in_place_comes_into_force()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);

        file.Services["raw"]["tcp"] = ["127.0.0.1:3"];
        await System.IO.File.WriteAllTextAsync(server.Path, file.ToJson(), TestContext.Current.CancellationToken);

        await server.WaitForAsync(now => now.Pools[0].Backends is [{ Address: "127.0.0.1:3" }]);
    }

    [Theory]
    [InlineData("{ oops", "line 1, position 3")]
    [InlineData("""{ "LoadBalancer": { "Pols": {} } }""", "LoadBalancer:Pols: unknown key")]
    [InlineData("""{ "LoadBalancer": { "DrainTimeout": "soon" } }""", "LoadBalancer:DrainTimeout: 'soon'")]
    [InlineData("""{ "LoadBalancer": { "Layer7": { "AccessLog": { "File": "no-such-folder/access.log" } } } }""", "LoadBalancer:Layer7:AccessLog:File: '")]
    public async Task A_bad_file_is_reported_and_the_last_good_configuration_stays(string text, string expected)
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);
        var before = await server.WaitForAsync(now => now.Pools[0].Backends.Count == 1);

        server.Replace(text);

        var after = await server.WaitForAsync(now => now.Configuration.Rejected == 1);
        Assert.Contains(expected, Assert.Single(after.Configuration.Errors));
        Assert.Equal(before.Layer4.Listeners[0].Addresses, after.Layer4.Listeners[0].Addresses);
        Assert.Equal("127.0.0.1:9", after.Pools[0].Backends.Single().Address);

        server.Replace(file.ToJson().Replace("127.0.0.1:9", "127.0.0.1:8"));
        var mended = await server.WaitForAsync(now => now.Configuration.Reloads == 1);
        Assert.Empty(mended.Configuration.Errors);
    }

    [Fact]
    public async Task A_file_that_changed_while_the_server_was_starting_comes_into_force()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file, path =>
        {
            file.Services["raw"]["tcp"] = ["127.0.0.1:5", "127.0.0.1:6"];
            System.IO.File.WriteAllText(path, file.ToJson());
        });

        await server.WaitForAsync(now => now.Pools[0].Backends.Count == 2);
    }

    [Fact]
    public async Task A_file_written_anew_without_a_change_is_no_reload()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);

        server.Replace(file.ToJson() + "\n");
        file.Services["raw"]["tcp"] = ["127.0.0.1:7"];
        await Task.Delay(500, TestContext.Current.CancellationToken);
        server.Replace(file.ToJson());

        var statistics = await server.WaitForAsync(now => now.Pools[0].Backends is [{ Address: "127.0.0.1:7" }] && now.Configuration.Reloads > 0);
        Assert.Equal(1, statistics.Configuration.Reloads);
    }

    [Fact]
    public async Task A_file_that_is_deleted_changes_nothing()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);
        await server.WaitForAsync(now => now.Pools[0].Backends.Count == 1);

        System.IO.File.Delete(server.Path);
        file.Services["raw"]["tcp"] = ["127.0.0.1:4"];
        server.Replace(file.ToJson());

        await server.WaitForAsync(now => now.Pools[0].Backends is [{ Address: "127.0.0.1:4" }]);
    }

    [Fact]
    public async Task A_link_whose_target_is_swapped_comes_into_force()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);
        var directory = Path.GetDirectoryName(server.Path)!;
        var first = Path.Combine(directory, "first.json");
        System.IO.File.Move(server.Path, first);
        System.IO.File.CreateSymbolicLink(server.Path, first);
        file.Services["raw"]["tcp"] = ["127.0.0.1:5"];

        await System.IO.File.WriteAllTextAsync(first, file.ToJson(), TestContext.Current.CancellationToken);

        await server.WaitForAsync(now => now.Pools[0].Backends is [{ Address: "127.0.0.1:5" }]);
    }

    [Fact]
    public async Task After_a_bad_log_level_a_good_file_still_comes_into_force()
    {
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);
        server.Replace(file.ToJson().Replace("\"Default\": \"None\"", "\"Default\": \"Loud\""));
        var rejected = await server.WaitForAsync(now => now.Configuration.Rejected == 1);
        Assert.Contains("Logging:LogLevel:Default: 'Loud'", Assert.Single(rejected.Configuration.Errors));

        file.Services["raw"]["tcp"] = ["127.0.0.1:6"];
        server.Replace(file.ToJson());

        await server.WaitForAsync(now => now.Pools[0].Backends is [{ Address: "127.0.0.1:6" }]);
    }

    [Fact]
    public async Task A_new_listener_on_a_taken_port_is_refused_whole()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var file = File(("raw", "127.0.0.1:0"));
        await using var server = await TestServer.StartAsync(file);

        var changed = File(("raw", "127.0.0.1:0"), ("second", $"{taken.LocalEndpoint}"));
        changed.LoadBalancer.Admin = file.LoadBalancer.Admin;
        changed.LoadBalancer.Pools["raw"].Policy = SelectionPolicy.SourceHash;
        server.Replace(changed.ToJson());

        var after = await server.WaitForAsync(now => now.Configuration.Rejected == 1);
        var error = Assert.Single(after.Configuration.Errors);
        Assert.Contains("LoadBalancer:Layer4:Listeners:second:Address", error);
        Assert.Contains($"{taken.LocalEndpoint}", error);
        Assert.Equal(SelectionPolicy.RoundRobin, after.Pools[0].Policy);
        Assert.Single(after.Layer4.Listeners);
    }

    [Fact]
    public async Task Listeners_of_both_layers_come_and_go()
    {
        var file = File();
        await using var server = await TestServer.StartAsync(file);
        Assert.Empty((await server.GetStatisticsAsync()).Layer4.Listeners);

        var more = File(("raw", "127.0.0.1:0"));
        more.LoadBalancer.Admin = file.LoadBalancer.Admin;
        more.LoadBalancer.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0" };
        more.LoadBalancer.Layer7.Routes["all"] = new() { Pool = "raw" };
        server.Replace(more.ToJson());
        var statistics = await server.WaitForAsync(now => now.Layer7.Listeners.Count == 1 && now.Layer4.Listeners.Count == 1);
        using var client = new HttpClient();
        var status = (await client.GetAsync($"http://{statistics.Layer7.Listeners[0].Addresses[0]}/", TestContext.Current.CancellationToken)).StatusCode;
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, status);

        server.Replace(file.ToJson());
        await server.WaitForAsync(now => now.Layer7.Listeners.Count == 0 && now.Layer4.Listeners.Count == 0);
    }

    private static ConfigurationFile File(params (string Name, string Address)[] listeners)
    {
        // Port 9, discard: nothing listens there, and nothing needs to.
        var file = new ConfigurationFile { Services = { ["raw"] = new() { ["tcp"] = ["127.0.0.1:9"], ["http"] = ["http://127.0.0.1:9"] } } };
        file.LoadBalancer.Pools["raw"] = new() { Service = "tcp://raw" };
        foreach (var (name, address) in listeners)
        {
            file.LoadBalancer.Layer4.Listeners[name] = new() { Address = address, Pool = "raw" };
        }

        return file;
    }
}
