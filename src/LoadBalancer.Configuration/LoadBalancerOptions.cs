using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The <c>LoadBalancer</c> section: everything one balancer process does.</summary>
public sealed record LoadBalancerOptions
{
    /// <summary>Name of the section in the configuration.</summary>
    public const string SectionName = "LoadBalancer";

    /// <summary>Name of the section that service discovery reads.</summary>
    public const string ServicesSectionName = "Services";

    /// <summary>The balancer's name in logs, statistics and telemetry. Default: <c>loadbalancer</c>.</summary>
    [Description("The balancer's name in logs, statistics and telemetry. Default loadbalancer. Read at start only.")]
    public string Name { get; set; } = "loadbalancer";

    /// <summary>The admin endpoint.</summary>
    [Description("The admin endpoint, on loopback.")]
    public AdminOptions Admin { get; set; } = new();

    /// <summary>Time that open connections and requests get to end by themselves at shutdown, 0 to 1 h. Default: 5 s.</summary>
    [Description("Time that open connections and requests get to end by themselves at shutdown, 00:00:00 to 01:00:00. Default 00:00:05.")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pools by name.</summary>
    [Description("Pools by name.")]
    public Dictionary<string, PoolOptions> Pools { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Transport balancing.</summary>
    [Description("Transport balancing: bytes, not requests.")]
    public Layer4Options Layer4 { get; set; } = new();

    /// <summary>HTTP balancing.</summary>
    [Description("HTTP balancing: requests, not bytes.")]
    public Layer7Options Layer7 { get; set; } = new();

    /// <summary>The service name that discovery resolves for a pool: the one it names, or the default for how it is used.</summary>
    /// <param name="pool">Name of a pool in <see cref="Pools"/>.</param>
    /// <returns>A name such as <c>http://catalog</c> or <c>tcp://echo</c>.</returns>
    /// <exception cref="KeyNotFoundException">There is no such pool.</exception>
    public string ServiceOf(string pool)
    {
        if (Pools[pool].Service is { } service)
        {
            return service;
        }

        var usedByRoute = Layer7.Routes.Values.Any(route => SameName(route.Pool, pool) || SameName(route.Mirror?.Pool, pool) || route.Split?.Pools.ContainsKey(pool) == true);
        var listeners = Layer4.Listeners.Values.Where(listener => SameName(listener.Pool, pool) || listener.TlsRoutes.Values.Any(route => SameName(route.Pool, pool))).ToArray();
        return usedByRoute || listeners.Length == 0 ? $"http://{pool}"
            : listeners.All(listener => listener.Protocol == Layer4Protocol.Udp) ? $"udp://{pool}"
            : $"tcp://{pool}";
    }

    private static bool SameName(string? left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
