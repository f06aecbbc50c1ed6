using System.Globalization;
using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Every command of README and docs: those of shell blocks, and those that stand in a sentence.</summary>
internal static partial class Commands
{
    // What these are given is not this repository's; CommandPlan says what runs them.
    private static readonly string[] OfOthers = ["nft", "conntrack", "sysctl", "ss", "systemctl", "git", "cd", "npm", "kubectl", "aspire", "wrk"];

    private static readonly string[] Runnable = ["curl", "printf", "echo", "grep", "head", "bash", "nc", "openssl"];

    public static IReadOnlyList<ShellCommand> InBlocks { get; } =
        [.. Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info is "bash" or "console").SelectMany(ShellCommand.In)];

    public static IReadOnlyList<ShellCommand> InSentences { get; } =
    [
        .. from page in Repository.Pages
           from Match span in Spans().Matches(page.Text)
           where !page.Fences.Any(fence => fence.Text.Contains(span.Value, StringComparison.Ordinal))
           let line = page.Text.AsSpan(0, span.Index).Count('\n') + 1
           select ShellCommand.Parse($"{page.Path}:{line}", span.Groups["command"].Value.Replace('\n', ' ')),
    ];

    public static IReadOnlyList<ShellCommand> All { get; } = [.. InBlocks.Concat(InSentences).OrderBy(PageOf, StringComparer.Ordinal).ThenBy(LineOf)];

    /// <summary>Whether the sandbox can run it: it is made of programs that every machine has, and talks to this one alone.</summary>
    public static bool IsRunnable(ShellCommand command) => command.Programs.All(IsRunnable) && !Urls().Matches(command.Text)
        .Select(url => url.Groups["host"].Value)
        .Any(host => host is not ("localhost" or "127.0.0.1") && !command.Text.Contains($"--resolve {host}:", StringComparison.Ordinal));

    public static string PageOf(ShellCommand command) => command.Place.Split(':')[0];

    public static int LineOf(ShellCommand command) => int.Parse(command.Place.Split(':')[1], CultureInfo.InvariantCulture);

    public static bool IsOfOthers(string[] program) => OfOthers.Contains(program[0]);

    public static bool IsRunnable(string[] program) => Runnable.Contains(program[0]);

    // A program with what it is given; its name alone is no command, but that of a script is.
    [GeneratedRegex(@"(?<!`)`(?<command>(?:(?:[A-Z_]+=\S+ )?(?:dotnet|curl|openssl|bash|nc|echo|printf|nft|conntrack|sysctl|ss|systemctl|aspire|npm|kubectl|docker|git|wrk)\s|\./\w+\.sh|\.ci/run|(?:run|test)\.cmd)[^`]*)`")]
    private static partial Regex Spans();

    [GeneratedRegex(@"\w+://(?<host>[^/:\s""']+)")]
    private static partial Regex Urls();
}
