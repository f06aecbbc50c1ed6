using System.Runtime.CompilerServices;

namespace LoadBalancer.Docs.Tests.Markdown;

/// <summary>The files of the repository.</summary>
internal static class Repository
{
    // What builds, tests and package managers leave behind.
    private static readonly string[] NotOurs = ["bin", "obj", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<MarkdownPage> Pages { get; } =
        [.. Files(new(Root)).Select(file => MarkdownPage.Read(Path.GetRelativePath(Root, file).Replace('\\', '/'))).OrderBy(page => page.Path, StringComparer.Ordinal)];

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static MarkdownPage Page(string path) => Pages.Single(page => page.Path == path);

    private static IEnumerable<string> Files(DirectoryInfo directory) => directory.EnumerateFiles("*.md").Select(file => file.FullName)
        .Concat(directory.EnumerateDirectories().Where(child => !child.Name.StartsWith('.') && !NotOurs.Contains(child.Name)).SelectMany(Files));

    private static string FindRoot([CallerFilePath] string file = "")
    {
        var directory = new DirectoryInfo(Path.GetDirectoryName(file)!);
        while (!File.Exists(Path.Combine(directory.FullName, "Directory.Packages.props")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("The tests' sources are in no repository.");
        }

        return directory.FullName;
    }
}
