using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration.Statistics;

/// <summary>Source-generated JSON for what the admin endpoint answers.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BalancerStatistics))]
[JsonSerializable(typeof(HealthReport))]
[SuppressMessage("ApiDesign", "RS0016", Justification = "What the generator adds follows the types above.")]
[SuppressMessage("ApiDesign", "RS0041", Justification = "The generator's code is not annotated for null.")]
public sealed partial class StatisticsJsonContext : JsonSerializerContext;
