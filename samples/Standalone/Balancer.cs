using LoadBalancer.Configuration;

namespace Standalone;

/// <summary>A balancer: its name, where people reach it, its admin endpoint and its configuration.</summary>
internal sealed record Balancer(string Name, string Address, PortOption Admin, ConfigurationFile Configuration);
