using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Tests;

public sealed partial class KeyReferenceTests
{
    private const string Page = "docs/configuration.md";

    [Fact]
    public async Task The_page_has_a_table_for_every_record_and_a_row_for_every_key()
    {
        var page = await File.ReadAllTextAsync(Repository.PathOf(Page), TestContext.Current.CancellationToken);
        var documented = (from section in Sections().Matches(page.ReplaceLineEndings("\n"))
                          let path = section.Groups["path"].Value
                          let record = Contract.TypeAt(path == LoadBalancerOptions.SectionName ? path : $"{LoadBalancerOptions.SectionName}:{path}")
                          select (path, Keys: string.Join(' ', Rows().Matches(section.Groups["body"].Value).Select(row => $"{record.Name}.{row.Groups["key"].Value}").Order(StringComparer.Ordinal)))).ToArray();

        // A record that two keys hold has a table for each of them.
        Assert.Equal(documented.Length, documented.Select(section => section.path).Distinct().Count());
        Assert.Equal(
            Contract.Properties().GroupBy(property => property.DeclaringType!.Name).Select(record => string.Join(' ', record.Select(Contract.FullName).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal),
            documented.Select(section => section.Keys).Distinct().Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^### `(?<path>[^`]+)`\n(?<body>(?:(?!#).*\n)*)", RegexOptions.Multiline)]
    private static partial Regex Sections();

    [GeneratedRegex(@"^\| `(?<key>\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
