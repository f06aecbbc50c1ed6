using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Finds the options that somebody set, so that one that nobody thought of here is not lost in silence.</summary>
internal static class OptionsDifference
{
    /// <returns>The keys, with colons, whose values differ and that are not mapped.</returns>
    public static IEnumerable<string> Between<T>(T defaults, T actual, JsonTypeInfo<T> type, params string[] mapped) =>
        Between(NodeOf(defaults, type), NodeOf(actual, type), "", mapped.ToHashSet(StringComparer.Ordinal));

    private static IEnumerable<string> Between(JsonObject defaults, JsonObject actual, string prefix, HashSet<string> mapped)
    {
        foreach (var name in actual.Union(defaults).Select(property => property.Key).Distinct())
        {
            var key = prefix + name;
            var (before, after) = (defaults[name], actual[name]);
            if (mapped.Contains(key) || JsonNode.DeepEquals(before, after))
            {
                continue;
            }

            if (before is JsonObject defaultsBelow && after is JsonObject actualBelow)
            {
                foreach (var below in Between(defaultsBelow, actualBelow, $"{key}:", mapped))
                {
                    yield return below;
                }
            }
            else
            {
                yield return key;
            }
        }
    }

    private static JsonObject NodeOf<T>(T options, JsonTypeInfo<T> type) => JsonSerializer.SerializeToNode(options, type)!.AsObject();
}
