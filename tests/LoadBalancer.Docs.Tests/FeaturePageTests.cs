using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>The page of a feature has its form in an AppHost, its form in the file, and what one sees of it.</summary>
public sealed class FeaturePageTests
{
    private const string AppHost = "csharp";
    private const string File = "json";
    private const string Seen = "What you see";

    [Theory]
    [InlineData("access-log")]
    [InlineData("admin")]
    [InlineData("affinity")]
    [InlineData("backends")]
    [InlineData("cache")]
    [InlineData("choosing-a-policy")]
    [InlineData("http-safety")]
    [InlineData("layer4")]
    [InlineData("layer7")]
    [InlineData("limits")]
    [InlineData("nat")]
    [InlineData("policies")]
    [InlineData("protocols")]
    [InlineData("proxy-protocol")]
    [InlineData("resilience")]
    [InlineData("routing")]
    [InlineData("shaping")]
    [InlineData("tls")]
    [InlineData("tls-passthrough")]
    [InlineData("udp")]
    // What one sees is all that these are about.
    [InlineData("errors", Seen)]
    [InlineData("live-page", Seen)]
    // Faults are commands, on purpose.
    [InlineData("faults", File)]
    public void A_page_has_all_three(string name, string? without = null)
    {
        var page = Repository.Page($"docs/{name}.md");
        var languages = page.Fences.Select(fence => fence.Info).ToHashSet();
        string[] missing =
        [
            .. new[] { AppHost, File }.Except(languages).Where(part => part != without),
            .. page.Text.Contains(Seen, StringComparison.Ordinal) || without == Seen ? Array.Empty<string>() : [Seen],
        ];
        Assert.Empty(missing);
    }
}
