using System.Xml.Linq;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

public sealed class FenceTests
{
    // bash: commands, see CommandPlan. console: commands behind a $ with what they print. text: what programs print. csharp: see LoadBalancer.Docs.Aspire.Tests.
    private static readonly string[] Languages = ["bash", "console", "text", "json", "csharp", "xml", "mermaid", "typescript", "yaml", "dockerfile"];

    [Fact]
    public void Every_block_names_its_language_so_that_a_test_can_look_at_it() => Assert.Empty(
        from page in Repository.Pages
        from fence in page.Fences
        where !Languages.Contains(fence.Info)
        select $"{fence.Place}: the language is '{fence.Info}'; must be one of {string.Join(", ", Languages)}");

    [Fact]
    public void Every_xml_block_is_well_formed() =>
        Assert.All(Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info == "xml"), fence => XElement.Parse($"<fragment>{fence.Text}</fragment>"));

    [Fact]
    public void Projects_that_xml_blocks_reference_are_there() => Assert.Empty(
        from fence in Repository.Pages.SelectMany(page => page.Fences)
        where fence.Info == "xml"
        from reference in XElement.Parse($"<fragment>{fence.Text}</fragment>").Descendants("ProjectReference")
        let path = reference.Attribute("Include")!.Value
        // A reader's own project is in a folder beside src.
        where path.Contains("/src/", StringComparison.Ordinal) && !File.Exists(Repository.PathOf(path[(path.IndexOf("/src/", StringComparison.Ordinal) + 1)..]))
        select $"{fence.Place}: {path}");
}
