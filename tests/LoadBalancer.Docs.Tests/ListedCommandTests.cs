using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Commands that choose benchmarks or tests by name are run up to what they have chosen, which is listed and not run: there must be some.</summary>
public sealed class ListedCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-docs-");

    internal static IEnumerable<ShellCommand> Mine => Commands.All.Where(command => command.Programs is [["dotnet", "run", ..] words] && IsListed(ProjectOf(words)));

    public static TheoryData<string> All() => [.. Mine.Select(command => command.ToString())];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(All))]
    public async Task Something_has_the_name(string text)
    {
        var words = Mine.First(command => command.ToString() == text).Programs[0];
        var project = ProjectOf(words);
        string[] list = project.StartsWith("bench/", StringComparison.Ordinal) ? ["--list", "flat"] : ["-list", "classes"];
        var (exitCode, output) = await Programs.RunAsync(Programs.Dotnet, [Programs.Assembly(Path.GetFileName(project)), .. words[(Array.IndexOf(words, "--") + 1)..], .. list], _directory.FullName);
        Assert.True(exitCode == 0, output);
        Assert.Contains(output.Split('\n', StringSplitOptions.TrimEntries), line => line.StartsWith(project.StartsWith("bench/", StringComparison.Ordinal) ? "Micro." : "LoadBalancer.", StringComparison.Ordinal));
    }

    private static string ProjectOf(string[] words) => words.SkipWhile(word => word != "--project").ElementAtOrDefault(1) ?? "";

    private static bool IsListed(string project) => project == "bench/Micro" || project.StartsWith("tests/", StringComparison.Ordinal);
}
