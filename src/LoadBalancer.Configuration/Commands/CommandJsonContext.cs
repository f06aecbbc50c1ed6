using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Configuration.Commands;

/// <summary>Source-generated JSON for the bodies and answers of commands. A member that nothing reads is an error.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(FaultOptions))]
[JsonSerializable(typeof(WeightCommand))]
[JsonSerializable(typeof(SplitCommand))]
[JsonSerializable(typeof(PolicyCommand))]
[JsonSerializable(typeof(CachePurge))]
[JsonSerializable(typeof(CacheList))]
[JsonSerializable(typeof(ConnectionList))]
[JsonSerializable(typeof(BackendStatistics))]
[JsonSerializable(typeof(PoolStatistics))]
[JsonSerializable(typeof(RouteStatistics))]
[JsonSerializable(typeof(RouteList))]
[JsonSerializable(typeof(Problem))]
[SuppressMessage("ApiDesign", "RS0016", Justification = "What the generator adds follows the types above.")]
[SuppressMessage("ApiDesign", "RS0041", Justification = "The generator's code is not annotated for null.")]
public sealed partial class CommandJsonContext : JsonSerializerContext;
