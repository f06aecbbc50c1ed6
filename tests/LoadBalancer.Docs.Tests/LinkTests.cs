using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

public sealed partial class LinkTests
{
    [Fact]
    public void Every_relative_link_and_image_leads_to_a_file_and_to_a_heading_that_there_is() => Assert.Empty(
        from page in Repository.Pages
        from link in page.Links
        where !link.Target.Contains("://", StringComparison.Ordinal) && !link.Target.StartsWith("mailto:", StringComparison.Ordinal)
        let why = WhyDead(page, link.Target)
        where why is not null
        select $"{page.Path}:{link.Line}: {link.Target}: {why}");

    [Fact]
    public void Every_page_of_docs_is_reached_from_the_readme()
    {
        var reached = new HashSet<string> { "README.md" };
        var next = new Queue<string>(reached);
        while (next.TryDequeue(out var path))
        {
            foreach (var target in Repository.Page(path).Links.Select(link => FileOf(path, link.Target)).Where(file => file.EndsWith(".md", StringComparison.Ordinal) && File.Exists(Repository.PathOf(file))))
            {
                if (reached.Add(target))
                {
                    next.Enqueue(target);
                }
            }
        }

        Assert.Empty(Repository.Pages.Select(page => page.Path).Where(path => path.StartsWith("docs/", StringComparison.Ordinal)).Except(reached));
    }

    [Fact]
    public void Every_picture_of_docs_is_shown_on_a_page()
    {
        var shown = Repository.Pages.SelectMany(page => page.Links.Select(link => FileOf(page.Path, link.Target))).ToHashSet();
        Assert.Empty(Directory.EnumerateFiles(Repository.PathOf("docs/images")).Select(file => $"docs/images/{Path.GetFileName(file)}").Except(shown));
    }

    [Fact]
    public void A_readme_of_a_package_links_to_nothing_beside_it_and_names_files_that_there_are()
    {
        var readmes = Directory.EnumerateFiles(Repository.PathOf("src"), "README.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .ToArray();
        var named = readmes.SelectMany(readme => Named().Matches(File.ReadAllText(Repository.PathOf(readme))).Select(match => match.Groups[1].Value)).ToArray();

        // Where packages are shown there is the readme alone.
        Assert.All(readmes.SelectMany(readme => Repository.Page(readme).Links), link => Assert.StartsWith("https://", link.Target, StringComparison.Ordinal));
        Assert.NotEmpty(named);
        Assert.All(named, file => Assert.True(File.Exists(Repository.PathOf(file)), file));
    }

    [GeneratedRegex("`([a-zA-Z0-9./-]+[.]md)`")]
    private static partial Regex Named();

    private static string FileOf(string page, string target) =>
        Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, target.Split('#')[0]))).Replace('\\', '/');

    private static string? WhyDead(MarkdownPage page, string target)
    {
        var parts = target.Split('#', 2);
        var file = parts[0].Length == 0 ? page.Path : FileOf(page.Path, target);
        if (!File.Exists(Repository.PathOf(file)) && !Directory.Exists(Repository.PathOf(file)))
        {
            return "there is no such file";
        }

        return parts.Length == 2 && file.EndsWith(".md", StringComparison.Ordinal) && !Repository.Page(file).Anchors.Contains(parts[1])
            ? $"{file} has no such heading"
            : null;
    }
}
