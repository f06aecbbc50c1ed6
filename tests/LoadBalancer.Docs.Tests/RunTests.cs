using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Commands of README and docs that talk to the sample's addresses are run, each page's in a sandbox of its own.</summary>
public sealed class RunTests
{
    private const int EndedByStatus = 22;
    private const int EndedByTime = 28;
    private const string Drained = "drained ";

    internal static IEnumerable<ShellCommand> Mine => Commands.All.Where(Commands.IsRunnable);

    public static TheoryData<string> PagesWithCommands() => [.. Mine.Select(Commands.PageOf).Distinct()];

    [Theory]
    [MemberData(nameof(PagesWithCommands))]
    public async Task The_commands_of_a_page_do_what_they_say(string page)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the commands are for a POSIX shell");
        await using var sandbox = await Sandbox.StartAsync();
        var missing = new HashSet<string>();
        foreach (var command in Mine.Where(command => Commands.PageOf(command) == page))
        {
            // Not every machine has OpenSSL, or even curl; the other commands of the page are run all the same.
            var lacks = command.Programs.Select(program => program[0]).Where(program => !Sandbox.Has(program)).ToArray();
            if (lacks.Length > 0)
            {
                missing.UnionWith(lacks);
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

        Assert.SkipUnless(missing.Count == 0, $"not all commands of the page were run: {string.Join(", ", missing)} is not on PATH");
    }
}
