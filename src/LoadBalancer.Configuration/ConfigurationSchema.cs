using System.ComponentModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace LoadBalancer.Configuration;

/// <summary>The JSON schema of the configuration file, made from the contract so that the two cannot part.</summary>
public static class ConfigurationSchema
{
    /// <summary>Makes the schema.</summary>
    /// <returns>A JSON schema (draft 2020-12) as indented JSON.</returns>
    public static string Generate()
    {
        var exporter = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Transform };
        var schema = (JsonObject)ConfigurationJsonContext.Default.ConfigurationFile.GetJsonSchemaAsNode(exporter);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Load balancer configuration");
        // An editor shows this text; quotes and brackets as escapes would be hard to read there.
        return schema.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }

    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode node)
    {
        // "true" is the schema of anything.
        var schema = node as JsonObject ?? [];
        RemoveNull(schema);

        // The reader refuses keys that it does not know; say so to the editor.
        if (context.TypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            schema["additionalProperties"] = false;
        }

        if ((Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) == typeof(TimeSpan))
        {
            schema.Remove("$comment");
            schema["pattern"] = @"^(\d+\.)?([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,7})?)?$";
        }

        var description = context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: false)
            .OfType<DescriptionAttribute>().FirstOrDefault()?.Description;
        if (description is not null)
        {
            schema["description"] = description;
        }

        return schema;
    }

    // The reader cannot tell "Cache": null from "Cache": {}, which turns the cache on. Leaving a key out says the same as null without the trap.
    private static void RemoveNull(JsonObject schema)
    {
        if (schema["type"] is JsonArray types)
        {
            schema["type"] = types.Select(type => type!.GetValue<string>()).Single(type => type != "null");
        }

        if (schema["enum"] is JsonArray names)
        {
            schema["enum"] = new JsonArray([.. names.Where(name => name is not null).Select(name => name!.DeepClone())]);
        }
    }
}
