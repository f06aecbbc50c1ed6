using System.Text.Json.Serialization;

namespace Peers.Results;

/// <summary>Source-generated JSON of the result files.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<ContenderReport>))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
