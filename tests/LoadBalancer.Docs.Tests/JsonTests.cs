using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>
/// Every JSON block is what the server takes or gives. Configuration is often a piece of a file: it is put where its keys
/// belong, what it needs around it is added, and the whole is read as the server reads its file. All else must be what
/// the admin endpoint answers or takes.
/// </summary>
public sealed class JsonTests
{
    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    public static TheoryData<string> Blocks() => [.. Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info == "json").Select(fence => fence.Place)];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_json_block_is_valid(string place)
    {
        var fence = Repository.Pages.SelectMany(page => page.Fences).Single(fence => fence.Place == place);
        var values = Parse(fence.Text);
        var errors = new List<string>();
        foreach (var file in ConfigurationFragment.Whole(values, fence.Mark))
        {
            var found = ConfigurationFragment.Errors(file);
            if (found.Count == 0)
            {
                return;
            }

            errors.AddRange(found);
        }

        var answers = values is [JsonObject only] ? AnswerErrors(only) : [];
        Assert.True(answers is { Count: 0 } && errors.Count == 0 && values is [JsonObject], $"{place} is neither valid configuration nor what the admin endpoint says:\n{string.Join('\n', errors.Concat(answers))}");
    }

    [Theory]
    [InlineData("\"Polcy\": \"RoundRobin\"")]
    [InlineData("\"Policy\": \"Roundrobbin\"")]
    [InlineData("\"Routes\": { \"a\": { \"Path\": \"/a\", \"Pool\": \"p\", \"Cache\": { \"Duration\": \"30s\" } } }")]
    [InlineData("{ \"RequestHeader\": \"X\", \"Sett\": \"1\" }")]
    [InlineData("\"mirror\": { \"pool\": \"p\", \"percent\": 25, \"active\": 0, \"result\": {} }")]
    public void A_mistake_is_found(string text)
    {
        var values = Parse(text);
        Assert.All(ConfigurationFragment.Whole(values, ""), file => Assert.NotEmpty(ConfigurationFragment.Errors(file)));
        Assert.NotEmpty(AnswerErrors(Assert.IsType<JsonObject>(Assert.Single(values))));
    }

    /// <summary>A block is a value, several, or the members of an object.</summary>
    private static JsonNode[] Parse(string text)
    {
        var reader = new Utf8JsonReader(
            Encoding.UTF8.GetBytes(text.TrimStart().StartsWith('"') ? $"{{{text}}}" : text),
            new JsonReaderOptions { AllowMultipleValues = true, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        var values = new List<JsonNode>();
        while (reader.Read())
        {
            values.Add(JsonNode.Parse(ref reader)!);
        }

        return [.. values];
    }

    private static List<string> AnswerErrors(JsonObject members)
    {
        var errors = new List<string> { $"no answer or body has {string.Join(", ", members.Select(member => member.Key))}" };
        var types = typeof(BalancerStatistics).Assembly.GetExportedTypes().Where(type => type.Namespace == typeof(BalancerStatistics).Namespace || type.Namespace == typeof(FaultOptions).Namespace);
        foreach (var type in types.Where(type => type.IsClass))
        {
            var properties = members.Select(member => (member, Property: type.GetProperties().SingleOrDefault(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == member.Key))).ToArray();
            if (properties.Any(pair => pair.Property is null))
            {
                continue;
            }

            try
            {
                foreach (var (member, property) in properties)
                {
                    _ = member.Value.Deserialize(property!.PropertyType, Strict);
                }

                return [];
            }
            catch (JsonException exception)
            {
                errors.Add($"{type.Name}: {exception.Message}");
            }
        }

        return errors;
    }
}
