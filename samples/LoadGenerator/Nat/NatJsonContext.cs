using System.Text.Json.Serialization;

namespace LoadGenerator.Nat;

[JsonSerializable(typeof(NatFindings))]
internal sealed partial class NatJsonContext : JsonSerializerContext;
