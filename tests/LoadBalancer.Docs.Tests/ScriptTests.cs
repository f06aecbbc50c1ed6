using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>The script that a reader runs first, with the shortest of its tours, at the sample's own ports.</summary>
public sealed class ScriptTests
{
    internal static IEnumerable<ShellCommand> Mine => Commands.All.Where(command => command.Text == "./run.sh --tour sees");

    // Ten seconds: it builds what is built already.
    [Fact]
    public async Task The_script_builds_and_runs_the_step()
    {
        Assert.SkipUnless(Programs.Assembly("Standalone").Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal), "the script builds for debugging, and this is another build");
        await NetworkOfItsOwn.RequireAsync();
        var (exitCode, output) = await Programs.RunAsync(
            "unshare",
            ["-n", "bash", "-c", $"ip link set lo up && {Mine.Single().Text} --no-dashboard"],
            Repository.Root,
            new Dictionary<string, string>
            {
                // So that it installs none, for which there is no network.
                ["ASPIRE_CLI"] = "/bin/true",
                // A build server would outlive the script and keep its output open.
                ["MSBUILDDISABLENODEREUSE"] = "1",
                ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                ["Tour__Pause"] = "00:00:00",
            });

        Assert.True(exitCode == 0, output);
        Assert.Contains("  Passed in ", output, StringComparison.Ordinal);
    }
}
