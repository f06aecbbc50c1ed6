using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration.Commands;

/// <summary>Body of the command that changes a pool's policy.</summary>
/// <param name="Policy">The policy.</param>
public sealed record PolicyCommand([property: JsonRequired] SelectionPolicy Policy);
