using System.Text.Json.Serialization;

namespace LoadGenerator.Output;

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<StepResult>))]
[JsonSerializable(typeof(IReadOnlyList<Figure>))]
internal sealed partial class TourJsonContext : JsonSerializerContext;
