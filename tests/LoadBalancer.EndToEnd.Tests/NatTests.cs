using System.Diagnostics;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tests.Nat.Support;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>The server in a network namespace of its own, with a listener that the kernel translates.</summary>
public sealed class NatTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-nat-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task It_spreads_survives_a_crash_takes_its_place_again_and_leaves_nothing_behind()
    {
        await using var lab = await NatLab.StartAsync();
        Assert.Equal(0, (await lab.RunAsync("nft", "add table ip other; add chain ip other c { type nat hook prerouting priority -101; }")).ExitCode);
        var before = await lab.RulesetAsync();
        var table = NatRuleset.TableOf(lab.Name);
        var config = Write(lab);

        await using (var crashed = Start(lab, config))
        {
            Assert.Equal(NatLab.ServerNames, await SpreadAsync(lab, crashed));
            Assert.Contains($"process {crashed.Id}\"", await lab.RulesetAsync());
            using (var process = Process.GetProcessById(crashed.Id))
            {
                process.Kill();
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
        }

        // The kernel goes on by itself.
        Assert.Contains($"table inet {table} {{", await lab.RulesetAsync());
        Assert.Equal(NatLab.ServerNames, (await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 3)).Order());

        await using var server = Start(lab, config);
        await server.WaitForOutputAsync("new connections go to [10.92.0.");
        Assert.Equal(NatLab.ServerNames, await SpreadAsync(lab, server));
        var during = await lab.RulesetAsync();
        Assert.Contains($"process {server.Id}\"", during);
        Assert.Equal(1, during.Split('\n').Count(line => line.StartsWith("table inet loadbalancer_", StringComparison.Ordinal)));

        // A server that leaves the file gets nothing from the next moment on.
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken)).Replace("10.92.0.12:7000", "10.92.0.11:7000", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await Wait.UntilAsync(async () => !(await lab.RulesetAsync()).Contains("10.92.0.12", StringComparison.Ordinal), () => $"rules without s2; the server said {server.Output}");
        Assert.Equal(["s1", "s1", "s3", "s3"], (await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 4)).Order());

        server.Terminate();
        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Equal(before, await lab.RulesetAsync());
    }

    [Fact]
    public async Task A_start_that_fails_leaves_no_table()
    {
        await using var lab = await NatLab.StartAsync();
        using var taken = NatLab.Socket(lab.Balancer, AddressFamily.InterNetwork);
        taken.Bind(new System.Net.IPEndPoint(lab.Front, NatLab.Port));
        taken.Listen();

        await using var server = Start(lab, Write(lab));

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains("Address already in use", server.Output);
        Assert.Empty(await lab.RulesetAsync());
    }

    [Fact]
    public async Task Without_CAP_NET_ADMIN_one_line_says_so_and_names_the_other_mode()
    {
        await using var lab = await NatLab.StartAsync();
        Assert.SkipWhen(SystemTool.Find("setpriv", []) is null, "the program setpriv is not installed");

        await using var server = Start(lab, Write(lab), "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");

        Assert.Equal(1, await server.WaitForExitAsync());
        var line = Assert.Single(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.EndsWith("LoadBalancer:Layer4:Listeners:echo:Mode: 'Mode: Nat' needs the capability CAP_NET_ADMIN, which this process does not have (root has it); 'Mode: Relay' works without", line);
    }

    private static TestProcess Start(NatLab lab, string config, params string[] prefix) =>
        TestProcess.Start(BuiltAssemblies.Server, ["--config", config], prefix: [.. lab.Prefixed, .. prefix]);

    private static async Task<string[]> SpreadAsync(NatLab lab, TestProcess server)
    {
        var names = Array.Empty<string>();
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    names = await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 3);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            () => $"three answers; the server said {server.Output}");
        return [.. names.Order()];
    }

    private string Write(NatLab lab)
    {
        var file = new ConfigurationFile { Services = { ["servers"] = new() { ["tcp"] = [.. lab.Servers.Select(server => $"{server.IPv4}")] } } };
        file.LoadBalancer.Name = lab.Name;
        file.LoadBalancer.Pools["servers"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer4.Listeners["echo"] = new() { Mode = Layer4Mode.Nat, Address = $"{lab.Front}:{NatLab.Port}", Pool = "servers" };
        file.LoadBalancer.Admin.Address = "127.0.0.1:9070";
        file.LoadBalancer.DrainTimeout = TimeSpan.Zero;
        var path = Path.Combine(_directory.FullName, "balancer.json");
        File.WriteAllText(path, file.ToJson());
        return path;
    }
}
