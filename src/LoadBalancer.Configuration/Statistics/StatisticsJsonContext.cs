using System.Text.Json.Serialization;
using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Configuration.Statistics;

/// <summary>Source-generated JSON for what the admin endpoint answers.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BalancerStatistics))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(FaultOptions))]
[JsonSerializable(typeof(WeightCommand))]
[JsonSerializable(typeof(ConnectionList))]
public sealed partial class StatisticsJsonContext : JsonSerializerContext;
