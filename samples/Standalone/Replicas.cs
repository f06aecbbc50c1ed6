using LoadBalancer.Machine;

namespace Standalone;

/// <summary>The replicas of the sample services, each on ports that are free now and stay its own.</summary>
internal static class Replicas
{
    public const string Echo = "echo";
    public const string Catalog = "catalog";
    public const string Canary = "canary";

    private static readonly (string Service, string Program, int Count)[] Services =
    [
        (Catalog, "Catalog", 3),
        (Canary, "Catalog", 1),
        ("auth", "Auth", 2),
        ("settings", "Settings", 1),
        ("chat", "Chat", 3),
        (Echo, "Echo", 3),
    ];

    public static IReadOnlyList<Replica> Place()
    {
        var ports = new Queue<int>(FreePorts.Take(Services.Sum(service => service.Count * (HasTls(service.Service) ? 2 : 1))));
        return [.. Services.SelectMany(service => Enumerable.Range(1, service.Count)
            .Select(number => new Replica(service.Service, service.Program, number, ports.Dequeue(), HasTls(service.Service) ? ports.Dequeue() : null)))];
    }

    private static bool HasTls(string service) => service == Catalog;
}
