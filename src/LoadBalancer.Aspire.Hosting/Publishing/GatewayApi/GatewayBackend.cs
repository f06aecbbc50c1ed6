namespace Aspire.Hosting.LoadBalancing;

/// <summary>A Kubernetes Service behind a pool.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Port">Its port.</param>
/// <param name="Weight">Its share, relative to the pool's others.</param>
/// <param name="Priority">Its tier; higher ones are used when lower ones fail.</param>
internal sealed record GatewayBackend(string Service, int Port, int Weight = 1, int Priority = 0);
