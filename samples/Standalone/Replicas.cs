namespace Standalone;

/// <summary>The replicas of the sample services, each on a port that is free now and stays its own.</summary>
internal static class Replicas
{
    private static readonly (string Service, int Count)[] Counts = [("catalog", 3), ("auth", 2), ("settings", 1), ("chat", 3), (Echo, 3)];

    public const string Echo = "echo";

    public static IReadOnlyList<Replica> Place()
    {
        var ports = FreePorts.Find(Counts.Sum(service => service.Count));
        return [.. Counts
            .SelectMany(service => Enumerable.Range(1, service.Count).Select(number => (service.Service, number)))
            .Zip(ports, (replica, port) => new Replica(replica.Service, replica.number, port))];
    }
}
