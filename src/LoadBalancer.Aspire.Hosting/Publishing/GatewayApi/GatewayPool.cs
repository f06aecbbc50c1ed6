namespace Aspire.Hosting.LoadBalancing;

/// <summary>A pool, as a cluster has it.</summary>
/// <param name="Scheme">What is spoken to its backends.</param>
/// <param name="Backends">Its Services, at least one.</param>
internal sealed record GatewayPool(string Scheme, IReadOnlyList<GatewayBackend> Backends);
