using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>Keys that a sentence names are keys of the contract.</summary>
public sealed partial class KeyTests
{
    [Fact]
    public void Every_environment_variable_of_the_balancer_is_a_key() => Assert.Empty(
        from page in Repository.Pages
        from Match name in Variables().Matches(page.Text)
        where !IsKey(name.Value.Split("__")[1..], [typeof(LoadBalancerOptions)])
        select $"{page.Path}: {name.Value}");

    [Fact]
    public void Every_key_in_a_sentence_is_one() => Assert.Empty(
        from page in Repository.Pages
        from Match key in Keys().Matches(page.Text)
        let segments = key.Groups["key"].Value.Split(':', StringSplitOptions.RemoveEmptyEntries)
        let start = segments[0] == LoadBalancerOptions.SectionName ? segments[1..] : segments
        // The last one may be a value's name in a list of keys, as in `Split:` at the head of a table.
        where segments[0] is not ("Parameters" or "Logging" or "Services") && !IsKey(start, segments[0] == LoadBalancerOptions.SectionName ? [typeof(LoadBalancerOptions)] : Records())
        select $"{page.Path}: {key.Groups["key"].Value}");

    private static Type[] Records() => [.. typeof(LoadBalancerOptions).Assembly.GetExportedTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal))];

    private static bool IsKey(string[] segments, Type[] types)
    {
        foreach (var segment in segments)
        {
            types = [.. types.SelectMany(type => type.IsGenericType ? [type.GetGenericArguments()[1]] : type.GetProperty(segment) is { CanWrite: true } property ? [Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType] : Array.Empty<Type>())];
        }

        return types.Length > 0;
    }

    [GeneratedRegex(@"LoadBalancer__\w+")]
    private static partial Regex Variables();

    [GeneratedRegex(@"`(?<key>[A-Z][A-Za-z0-9]+(?::(?:<\w+>|[A-Za-z0-9-]+))+)`")]
    private static partial Regex Keys();
}
