using System.Xml.Linq;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>The page about dependencies has every package, and no other.</summary>
public sealed class DependencyTests
{
    private const string WithoutVersion = "(no version";
    private const string FromNpm = "(npm)";

    [Fact]
    public void Every_package_has_its_place_on_the_page_and_no_other_has()
    {
        var versions = XDocument.Load(Repository.PathOf("Directory.Packages.props")).Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value);

        Assert.Equal(versions.Order(StringComparer.Ordinal), Rows().SelectMany(row => row.Split(", ")).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Rows() =>
        from line in Repository.Page("docs/dependencies.md").Text.Split('\n')
        where line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| package |", StringComparison.Ordinal)
        let cell = line.Split('|')[1].Trim()
        where !cell.Contains(WithoutVersion, StringComparison.Ordinal) && !cell.Contains(FromNpm, StringComparison.Ordinal)
        select cell;
}
