using System.Diagnostics.CodeAnalysis;
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
[SuppressMessage("ApiDesign", "RS0016", Justification = "What the generator adds follows the types above.")]
[SuppressMessage("ApiDesign", "RS0041", Justification = "The generator's code is not annotated for null.")]
public sealed partial class ConfigurationJsonContext : JsonSerializerContext;

