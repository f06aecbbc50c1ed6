namespace LoadBalancer.Bench.Tests;

/// <summary>What programs wrote when they ran here.</summary>
internal static class Recording
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", name));
}
