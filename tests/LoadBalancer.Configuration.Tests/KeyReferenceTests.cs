using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Tests;

public sealed partial class KeyReferenceTests
{
    private const string Page = "docs/configuration.md";

    [Fact]
    public async Task The_committed_reference_is_the_contracts()
    {
        var path = Repository.PathOf(Page);
        var page = (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        var generated = KeyReference.Replace(page);
        if (Environment.GetEnvironmentVariable("UPDATE_SCHEMA") == "1")
        {
            await File.WriteAllTextAsync(path, generated, TestContext.Current.CancellationToken);
            page = generated;
        }

        Assert.True(page == generated, $"{Page} is not what the contract says. Write it anew with: UPDATE_SCHEMA=1 dotnet test --project tests/LoadBalancer.Configuration.Tests");
    }

    [Fact]
    public void Every_key_has_a_row() =>
        Assert.All(Contract.Properties(), property => Assert.Contains($"\n| `{property.Name}` | ", KeyReference.Generate(), StringComparison.Ordinal));

    [Fact]
    public void Every_key_says_its_default_or_that_it_must_be_given() =>
        Assert.Empty(Contract.Properties().Where(property => KeyReference.DefaultOf(property) is null).Select(Contract.FullName));

    [Theory]
    [InlineData("| `Idle` | 100 s | 100 ms – 1 d | Time without a byte in either direction after which a request or upgraded connection is ended |")]
    [InlineData("| `MaxEntries` | 100,000 | 1 – 10,000,000 | Clients that are remembered; beyond that new ones are not |")]
    [InlineData("| `Statuses` | none, since the service has answered | list of numbers, 500 – 599 each | Statuses that are retried as well; not with one attempt |")]
    [InlineData("| `Sticky` | `true` | `true`, `false` | Whether a cookie keeps a client on the pool that it was given, as long as that pool has a share |")]
    [InlineData("| `Layer4` |  | [object](#layer4) | Transport balancing: bytes, not requests |")]
    [InlineData("| `Policy` | `RoundRobin` | [`SelectionPolicy`](#values-of-selectionpolicy) | How a backend is picked |")]
    [InlineData("| `LeastConnections` | The backend with the fewest active connections or requests for its weight. |")]
    public void A_row_says_default_values_and_meaning(string row) => Assert.Contains(row, KeyReference.Generate(), StringComparison.Ordinal);

    [Fact]
    public void Only_what_is_between_the_comments_is_replaced() =>
        Assert.Equal($"before\n{KeyReference.Begin}\n\n{KeyReference.Generate()}\n{KeyReference.End}\nafter\n", KeyReference.Replace($"before\n{KeyReference.Begin}\nold\n{KeyReference.End}\nafter\n"));

    /// <summary>Pages have tables of their own, for people to read in one go. Ranges there are those of the contract.</summary>
    [Fact]
    public void A_range_in_a_table_of_another_page_is_a_range_of_that_key()
    {
        var ranges = Contract.Properties().Select(property => (property.Name, Range: KeyReference.RangeOf(property))).Where(pair => pair.Range is not null).ToLookup(pair => pair.Name, pair => pair.Range);
        var rows = from file in Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md")
                   where Path.GetFileName(file) != Path.GetFileName(Page)
                   from Match row in Rows().Matches(File.ReadAllText(file))
                   from Match key in Keys().Matches(row.Groups["keys"].Value)
                   where ranges.Contains(key.Groups["key"].Value)
                   select (Place: $"{Path.GetFileName(file)}: {row.Value.Trim()}", Key: key.Groups["key"].Value, Range: row.Groups["range"].Value);

        Assert.NotEmpty(rows);
        Assert.Empty(rows.Where(row => !ranges[row.Key].Contains(row.Range)).Select(row => $"{row.Place} (the contract has {string.Join(" or ", ranges[row.Key].Distinct())})"));
    }

    // The keys, and the first cell that is a range: "1 – 100", "100 ms – 1 h".
    [GeneratedRegex(@"^\|(?<keys>[^|]*`\w+`[^|]*)\|(?:[^|\n]*\|)*? *(?<range>[\d,]+(?: (?:ms|s|min|h|d))? – [\d,]+(?: (?:ms|s|min|h|d))?)(?:,[^|]*| each[^|]*| bytes[^|]*)? *\|.*$", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex(@"`(?:\w+:)*(?<key>\w+)`")]
    private static partial Regex Keys();
}
