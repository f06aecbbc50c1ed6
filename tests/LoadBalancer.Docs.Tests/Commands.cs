using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Every command of README and docs: those of shell blocks, and those that stand in a sentence.</summary>
internal static partial class Commands
{
    // What these do is the reader's machine's matter, or needs the internet or rights that a test does not have.
    private static readonly string[] OfOthers = ["nft", "conntrack", "sysctl", "git", "cd", "npm", "npx", "docker", "kubectl", "aspire"];

    private static readonly string[] Runnable = ["curl", "printf", "echo", "grep", "head", "bash", "nc", "openssl"];

    public static IReadOnlyList<ShellCommand> InBlocks { get; } =
        [.. Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info is "bash" or "console").SelectMany(ShellCommand.In)];

    public static IReadOnlyList<ShellCommand> InSentences { get; } =
    [
        .. from page in Repository.Pages
           from Match span in Spans().Matches(page.Text)
           where !page.Fences.Any(fence => fence.Text.Contains(span.Value, StringComparison.Ordinal))
           select ShellCommand.Parse(page.Path, span.Groups["command"].Value.Replace('\n', ' ')),
    ];

    /// <summary>Whether the sandbox can run it: it is made of programs that every machine has, and talks to this one alone.</summary>
    public static bool IsRun(ShellCommand command) =>
        command.Programs.All(program => Runnable.Contains(program[0])) && !Urls().Matches(command.Text).Any(url => url.Groups["host"].Value is not ("localhost" or "127.0.0.1"));

    public static bool IsOfOthers(string[] program) => OfOthers.Contains(program[0]);

    public static bool IsRunnable(string[] program) => Runnable.Contains(program[0]);

    [GeneratedRegex(@"`(?<command>(?:dotnet |\./\w+\.sh|curl |openssl )[^`]*)`")]
    private static partial Regex Spans();

    [GeneratedRegex(@"\w+://(?<host>[^/:\s""']+)")]
    private static partial Regex Urls();
}
