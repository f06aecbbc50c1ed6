using LoadBalancer.Configuration;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Commands that look at the kernel's rules and connections are run in a network of their own, in which a balancer translates.</summary>
public sealed class NatCommandTests : IDisposable
{
    private static readonly string[] Tools = ["nft", "conntrack", "sysctl", "ss"];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-docs-");

    /// <summary>In the order of the page, but that which takes the rules away.</summary>
    internal static IEnumerable<ShellCommand> Mine => Commands.All.Where(command => command.Programs is [var first, ..] && Tools.Contains(first[0])).OrderBy(command => command.Text.Contains("flush", StringComparison.Ordinal));

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_rules_and_connections_are_where_the_page_says()
    {
        await NetworkOfItsOwn.RequireAsync([.. Tools, "curl"]);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "nat.json"), Configuration().ToJson(), TestContext.Current.CancellationToken);
        using var balancer = NetworkOfItsOwn.Start($"exec '{Programs.Dotnet}' '{Path.Combine(AppContext.BaseDirectory, "LoadBalancer.Server.dll")}' --config nat.json", _directory.FullName);
        var said = balancer.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            // Its own admin endpoint is the backend.
            await Programs.UntilAsync(
                async () =>
                {
                    Assert.False(balancer.HasExited, "the balancer ended");
                    return (await NetworkOfItsOwn.RunAsync(balancer, "curl -sf -m 1 http://127.0.0.1:7000/stats")).ExitCode == 0;
                },
                () => "nothing answers at 127.0.0.1:7000");
            foreach (var command in Mine)
            {
                var (exitCode, output) = await NetworkOfItsOwn.RunAsync(balancer, command.Text);
                Assert.True(exitCode == 0, $"{command} ended with {exitCode}:\n{output}");
                Assert.True(output.Contains(Shown(command), StringComparison.Ordinal), $"{command} printed:\n{output}");
            }
        }
        finally
        {
            await Programs.TerminateAsync(balancer);
        }

        Assert.True(balancer.ExitCode == 0, await said);
    }

    private static ConfigurationFile Configuration()
    {
        var file = new ConfigurationFile { Services = { ["self"] = new() { ["tcp"] = ["127.0.0.1:9070"] } } };
        file.LoadBalancer.Name = "wire";
        file.LoadBalancer.Admin.Address = "127.0.0.1:9070";
        file.LoadBalancer.DrainTimeout = TimeSpan.Zero;
        file.LoadBalancer.Pools["self"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer4.Listeners["self"] = new() { Mode = Layer4Mode.Nat, Address = "127.0.0.1:7000", Pool = "self" };
        return file;
    }

    private static string Shown(ShellCommand command) => command.Programs[0] switch
    {
        ["nft", "flush", ..] => "",
        ["nft", "list", "tables"] => "table inet loadbalancer_wire",
        ["nft", ..] => "chain listener_self_",
        ["conntrack", ..] => "dport=7000",
        ["ss", ..] => "@nft/",
        [_, "-w", var setting] => setting.Split('=')[0],
        _ => throw new InvalidOperationException($"What '{command.Text}' shows is not known to this test."),
    };
}
