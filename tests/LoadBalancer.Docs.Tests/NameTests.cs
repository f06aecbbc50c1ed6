using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>What clients, logs and metrics can name has its place on a page.</summary>
public sealed partial class NameTests
{
    [Theory]
    [InlineData("src/LoadBalancer.Layer7/Forwarding/Refusal.cs", "docs/errors.md")]
    [InlineData("src/LoadBalancer.Layer4/CloseReason.cs", "docs/layer4.md")]
    [InlineData("src/LoadBalancer.Configuration/Statistics/BackendState.cs", "docs/backends.md")]
    [InlineData("src/LoadBalancer.Configuration/SelectionPolicy.cs", "docs/policies.md")]
    [InlineData("src/LoadBalancer.Configuration/SelectionPolicy.cs", "docs/choosing-a-policy.md")]
    [InlineData("src/LoadBalancer.Layer7/Shaping/MirrorResult.cs", "docs/telemetry.md")]
    [InlineData("src/LoadBalancer.Layer7/Resilience/RouteTimeout.cs", "docs/telemetry.md")]
    public void Every_name_of_an_enumeration_is_on_its_page(string source, string page)
    {
        var names = Members().Matches(File.ReadAllText(Repository.PathOf(source))).Select(member => member.Groups["name"].Value).ToArray();
        var missing = names.Where(name => !Repository.Page(page).Text.Contains($"`{name}`", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(names);
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_name_of_telemetry_is_on_its_page() => Assert.Empty(
        from file in Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
        where !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        from Match name in TelemetryNames().Matches(File.ReadAllText(file))
        where !Repository.Page("docs/telemetry.md").Text.Contains($"`{name.Groups["name"].Value}`", StringComparison.Ordinal)
        select $"{Path.GetFileName(file)}: {name.Groups["name"].Value}");

    [GeneratedRegex("^    (?<name>[A-Z][A-Za-z]+),$", RegexOptions.Multiline)]
    private static partial Regex Members();

    [GeneratedRegex("\"(?<name>lb\\.[a-z][a-z._]+)\"")]
    private static partial Regex TelemetryNames();
}
