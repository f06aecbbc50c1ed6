using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace LoadBalancer.Configuration;

/// <summary>Takes secrets out of a configuration that is to be shown.</summary>
internal static class Redaction
{
    /// <summary>What stands where a secret was.</summary>
    public const string Placeholder = "***";

    // Too many are better than one too few: X-Api-Key, Authorization, Set-Cookie, access_token, …
    private static readonly string[] Telling = ["auth", "token", "secret", "passw", "pwd", "key", "cookie", "credential", "session", "signature"];

    // The values of YARP's header and query transforms; their other members are names.
    private static readonly string[] TransformValues = ["Set", "Append"];

    public static JsonObject Of(ConfigurationFile file)
    {
        var node = JsonSerializer.SerializeToNode(file, ConfigurationJsonContext.Default.ConfigurationFile)!.AsObject();
        Hide(node, ConfigurationJsonContext.Default.ConfigurationFile);
        foreach (var addresses in node[LoadBalancerOptions.ServicesSectionName]!.AsObject().SelectMany(service => service.Value!.AsObject()).Select(endpoint => endpoint.Value!.AsArray()))
        {
            Replace(addresses, text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 ? text.Replace(uri.UserInfo, Placeholder, StringComparison.Ordinal) : text);
        }

        return node;
    }

    private static void Hide(JsonNode node, JsonTypeInfo type)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                HideMembers(node.AsObject(), type);
                break;
            case JsonTypeInfoKind.Dictionary when ElementOf(type) is { } element:
                foreach (var (_, value) in node.AsObject())
                {
                    HideIn(value, element);
                }

                break;
            case JsonTypeInfoKind.Enumerable when ElementOf(type) is { } element:
                foreach (var value in node.AsArray())
                {
                    HideIn(value, element);
                }

                break;
            default:
                break;
        }
    }

    private static void HideMembers(JsonObject node, JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (node[property.Name] is not { } value)
            {
                continue;
            }

            switch (PartsOf(property))
            {
                case SecretParts.All:
                    node[property.Name] = Placeholder;
                    break;
                case SecretParts.Query when value.GetValue<string>() is var text && text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark:
                    node[property.Name] = $"{text[..mark]}?{Placeholder}";
                    break;
                case SecretParts.Named:
                    HideNamed(value);
                    break;
                default:
                    HideIn(value, ConfigurationJsonContext.Default.GetTypeInfo(property.PropertyType));
                    break;
            }
        }
    }

    private static SecretParts? PartsOf(JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(SecretAttribute), inherit: false).OfType<SecretAttribute>().FirstOrDefault()?.Parts;

    private static void HideIn(JsonNode? node, JsonTypeInfo? type)
    {
        if (node is not null && type is not null)
        {
            Hide(node, type);
        }
    }

    // What has no metadata of its own, such as JSON that the contract does not look into, holds no options.
    private static JsonTypeInfo? ElementOf(JsonTypeInfo type) => type.ElementType is { } element ? ConfigurationJsonContext.Default.GetTypeInfo(element) : null;

    // Conditions are names with lists of values; transforms are lists of objects, of which some members are names.
    private static void HideNamed(JsonNode node)
    {
        if (node is JsonArray transforms)
        {
            foreach (var transform in transforms.OfType<JsonObject>().Where(transform => transform.Any(member => !IsValue(member.Key) && IsTelling(member.Value!.GetValue<string>()))))
            {
                foreach (var name in transform.Select(member => member.Key).Where(IsValue).ToArray())
                {
                    transform[name] = Placeholder;
                }
            }
        }
        else
        {
            foreach (var (_, values) in node.AsObject().Where(condition => IsTelling(condition.Key)))
            {
                Replace(values!.AsArray(), _ => Placeholder);
            }
        }
    }

    private static void Replace(JsonArray texts, Func<string, string> replace)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            texts[i] = replace(texts[i]!.GetValue<string>());
        }
    }

    private static bool IsValue(string member) => TransformValues.Contains(member, StringComparer.OrdinalIgnoreCase);

    private static bool IsTelling(string name) => Array.Exists(Telling, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
}
