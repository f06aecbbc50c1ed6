using System.Diagnostics;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Commands of README and docs that talk to the sample's addresses are run, each page's in a sandbox of its own.</summary>
public sealed class RunTests
{
    private const int EndedByStatus = 22;
    private const int EndedByTime = 28;
    private const string Drained = "drained ";

    public static TheoryData<string> PagesWithCommands() => [.. Commands.InBlocks.Where(Commands.IsRun).Select(PageOf).Distinct()];

    [Theory]
    [MemberData(nameof(PagesWithCommands))]
    public async Task The_commands_of_a_page_do_what_they_say(string page)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the commands are for a POSIX shell");
        await using var sandbox = await Sandbox.StartAsync();
        foreach (var command in Commands.InBlocks.Where(command => Commands.IsRun(command) && PageOf(command) == page))
        {
            // Not every machine has netcat or OpenSSL; the page has another command for the same then.
            if (command.Programs.Select(program => program[0]).FirstOrDefault(program => !Sandbox.Has(program)) is not null)
            {
                continue;
            }

            if (command.Mark.StartsWith(Drained, StringComparison.Ordinal))
            {
                await sandbox.DrainAsync(command.Mark[Drained.Length..]);
            }

            var (exitCode, output) = await sandbox.RunAsync(command.Text);
            // A stream has no end of its own, and a page may be about an error.
            Assert.True(exitCode == 0 || (exitCode == EndedByTime && output.Length > 0) || (exitCode == EndedByStatus && command.Expected.Count > 0), $"{command} ended with {exitCode}:\n{output}");
            Assert.NotEmpty(output);
            Assert.All(command.Expected.SelectMany(line => line.Split('…')), piece => Assert.Contains(piece, output, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public async Task The_check_of_a_file_is_run_with_the_file_of_its_page()
    {
        var page = Repository.Page("docs/configuration.md");
        var check = page.Fences.Where(fence => fence.Info == "bash").SelectMany(ShellCommand.In).Single(command => command.Text.EndsWith("--check", StringComparison.Ordinal));
        var directory = Directory.CreateTempSubdirectory("lb-docs-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "balancer.json"), page.Fences.First(fence => fence.Info == "json").Text, TestContext.Current.CancellationToken);
            using var process = Process.Start(new ProcessStartInfo(
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                [Path.Combine(AppContext.BaseDirectory, check.Programs[0][1]), .. check.Programs[0][2..]])
            {
                WorkingDirectory = directory.FullName,
                RedirectStandardOutput = true,
            })!;
            Assert.Contains("is valid", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string PageOf(ShellCommand command) => command.Place.Split(':')[0];
}
