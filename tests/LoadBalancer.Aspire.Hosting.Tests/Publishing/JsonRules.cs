using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Aspire.Hosting.Tests.Publishing;

/// <summary>
/// Checks JSON by the part of JSON Schema that Aspire's manifest schema and the schemas of Kubernetes resources use
/// (drafts 4 to 7, definitions in the same file). A keyword that it does not know is an error, so that none is skipped
/// in silence.
/// </summary>
internal sealed class JsonRules(JsonNode schema, bool isStrict)
{
    // What says something to people or to Kubernetes, and nothing of the value.
    private static readonly HashSet<string> Ignored =
    [
        "$schema", "$id", "description", "default", "definitions", "format", "title", "example",
        "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
    ];

    /// <summary>What is wrong with the value; nothing when it is valid.</summary>
    public IReadOnlyList<string> ErrorsOf(JsonNode? value) => [.. ErrorsOf(value, schema, "$")];

    private IEnumerable<string> ErrorsOf(JsonNode? value, JsonNode? rules, string at)
    {
        if (rules is JsonValue allowed)
        {
            return allowed.GetValue<bool>() ? [] : [$"{at} is not allowed"];
        }

        var errors = new List<string>();
        var own = rules!.AsObject();
        foreach (var (keyword, rule) in own)
        {
            errors.AddRange(ErrorsOf(value, own, keyword, rule!, at));
        }

        // As the API server does when it is asked for it: a field that the schema has not is a slip.
        if (isStrict && value is JsonObject fields && own["properties"] is JsonObject known && !own.ContainsKey("additionalProperties"))
        {
            errors.AddRange(fields.Where(field => !known.ContainsKey(field.Key)).Select(field => $"{at}.{field.Key} is no field"));
        }

        return errors;
    }

    private IEnumerable<string> ErrorsOf(JsonNode? value, JsonObject rules, string keyword, JsonNode rule, string at) => (keyword, value) switch
    {
        _ when Ignored.Contains(keyword) => [],
        ("$ref", _) => ErrorsOf(value, Find(rule.GetValue<string>()), at),
        ("type", _) => rule.GetValue<string>() == TypeOf(value) || (rule.GetValue<string>() == "number" && TypeOf(value) == "integer") ? [] : [$"{at} is {TypeOf(value)} and not {rule}"],
        ("const", _) => JsonNode.DeepEquals(value, rule) ? [] : [$"{at} is not {rule}"],
        ("enum", _) => rule.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, value)) ? [] : [$"{at} is {value}, not one of {rule.ToJsonString()}"],
        ("oneOf", _) => rule.AsArray().Count(option => !ErrorsOf(value, option, at).Any()) == 1 ? [] : [$"{at} does not meet exactly one of its forms"],
        ("anyOf", _) => rule.AsArray().Any(option => !ErrorsOf(value, option, at).Any()) ? [] : [$"{at} meets none of its forms"],
        ("allOf", _) => rule.AsArray().SelectMany(option => ErrorsOf(value, option, at)),
        ("not", _) => ErrorsOf(value, rule, at).Any() ? [] : [$"{at} must not be what it is"],
        ("x-kubernetes-int-or-string", _) => TypeOf(value) is "integer" or "string" ? [] : [$"{at} is neither a number nor a text"],
        ("properties", JsonObject fields) => fields.Where(field => rule[field.Key] is not null).SelectMany(field => ErrorsOf(field.Value, rule[field.Key], $"{at}.{field.Key}")),
        ("required", JsonObject fields) => rule.AsArray().Select(name => name!.GetValue<string>()).Where(name => !fields.ContainsKey(name)).Select(name => $"{at}.{name} is missing"),
        ("additionalProperties", JsonObject fields) => fields.Where(field => rules["properties"]?[field.Key] is null).SelectMany(field => ErrorsOf(field.Value, rule, $"{at}.{field.Key}")),
        ("minProperties", JsonObject fields) => fields.Count >= Number(rule) ? [] : [$"{at} has too few fields"],
        ("maxProperties", JsonObject fields) => fields.Count <= Number(rule) ? [] : [$"{at} has too many fields"],
        ("items", JsonArray items) => items.SelectMany((item, index) => ErrorsOf(item, rule, $"{at}[{index}]")),
        ("minItems", JsonArray items) => items.Count >= Number(rule) ? [] : [$"{at} has too few items"],
        ("maxItems", JsonArray items) => items.Count <= Number(rule) ? [] : [$"{at} has too many items"],
        ("pattern", JsonValue text) when TypeOf(value) == "string" => Regex.IsMatch(text.GetValue<string>(), rule.GetValue<string>()) ? [] : [$"{at} is '{text}', which is not like {rule}"],
        ("minLength", JsonValue text) when TypeOf(value) == "string" => text.GetValue<string>().Length >= Number(rule) ? [] : [$"{at} is too short"],
        ("maxLength", JsonValue text) when TypeOf(value) == "string" => text.GetValue<string>().Length <= Number(rule) ? [] : [$"{at} is too long"],
        ("minimum", JsonValue number) when TypeOf(value) is "integer" or "number" => Number(number) >= Number(rule) ? [] : [$"{at} is less than {rule}"],
        ("maximum", JsonValue number) when TypeOf(value) is "integer" or "number" => Number(number) <= Number(rule) ? [] : [$"{at} is more than {rule}"],
        ("properties" or "required" or "additionalProperties" or "minProperties" or "maxProperties" or "items" or "minItems" or "maxItems"
            or "pattern" or "minLength" or "maxLength" or "minimum" or "maximum" or "uniqueItems", _) => [],
        _ => throw new NotSupportedException($"The schema's keyword '{keyword}' is not known here."),
    };

    private JsonNode Find(string reference) => reference[2..].Split('/').Aggregate(schema, (node, name) => node[name]!);

    private static double Number(JsonNode number) => double.Parse(number.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private static string TypeOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => "string",
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
            _ => Number(value) % 1 == 0 ? "integer" : "number",
        },
    };
}
