using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration.Statistics;

/// <summary>Source-generated JSON for what the admin endpoint answers.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BalancerStatistics))]
[JsonSerializable(typeof(HealthReport))]
public sealed partial class StatisticsJsonContext : JsonSerializerContext;
