using System.Diagnostics;
using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Aspire.Tests;

/// <summary>
/// Commands of Aspire's CLI exist and have the options that the docs give them. What they do is tested without it, see
/// CommandPlan of LoadBalancer.Docs.Tests.
/// </summary>
public sealed partial class AspireCommandTests
{
    public static TheoryData<string> Uses() =>
    [
        .. Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info == "bash").SelectMany(ShellCommand.In).Select(command => command.Text)
            .Concat(Repository.Pages.SelectMany(page => Spans().Matches(page.Text)).Select(span => span.Groups["command"].Value))
            .Where(text => text.StartsWith("aspire ", StringComparison.Ordinal))
            .Distinct(),
    ];

    [Theory]
    [MemberData(nameof(Uses))]
    public async Task The_command_line_tool_knows_it(string text)
    {
        Assert.SkipWhen(Find() is null, "the aspire command is neither named by ASPIRE_CLI, nor in .tools, nor on PATH");
        var words = ShellCommand.Parse("", text).Programs[0];
        using var process = Process.Start(new ProcessStartInfo(Find()!, [words[1], "--help", "--nologo"]) { RedirectStandardOutput = true })!;
        var help = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
        Assert.Contains($"aspire {words[1]} ", help, StringComparison.Ordinal);
        // Those behind the name of a resource's command are inputs of that command.
        Assert.All(words.Where(word => word.StartsWith("--", StringComparison.Ordinal) && words[1] != "resource"), option => Assert.Contains($"{option} ", help, StringComparison.Ordinal));
    }

    /// <summary>Where run.sh finds or puts it.</summary>
    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("ASPIRE_CLI") is { Length: > 0 } named)
        {
            return named;
        }

        var name = OperatingSystem.IsWindows() ? "aspire.exe" : "aspire";
        var tools = Repository.PathOf(".tools/node_modules/@microsoft");
        var installed = Directory.Exists(tools) ? Directory.EnumerateFiles(tools, name, SearchOption.AllDirectories) : [];
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(directory => Path.Combine(directory, name)).Where(File.Exists);
        return installed.Concat(onPath).FirstOrDefault();
    }

    [GeneratedRegex("(?<!`)`(?<command>aspire [^`\n]*)`")]
    private static partial Regex Spans();
}
