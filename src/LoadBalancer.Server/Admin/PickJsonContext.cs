using System.Text.Json.Serialization;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Admin;

/// <summary>Source-generated JSON for the picks that the live page shows: on one line, as an event needs it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<PickStatistics>))]
internal sealed partial class PickJsonContext : JsonSerializerContext;
