using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration;

/// <summary>Source-generated JSON for the contract.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    // Keeps the case-insensitive dictionaries that the options start with: configuration keys have no case.
    PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigurationFile))]
// Its own name would be that of a dictionary of arrays.
[JsonSerializable(typeof(Dictionary<string, string>[]), TypeInfoPropertyName = "Transforms")]
public sealed partial class ConfigurationJsonContext : JsonSerializerContext;

