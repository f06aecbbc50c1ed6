namespace LoadBalancer.EndToEnd.Tests;

/// <summary>Finds the aspire command where Standalone looks for it.</summary>
internal static class AspireCli
{
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("ASPIRE_CLI") is { Length: > 0 } named)
        {
            return named;
        }

        var tools = Path.Combine(BuiltAssemblies.RepositoryRoot, ".tools", "node_modules", "@microsoft");
        var installed = Directory.Exists(tools) ? Directory.EnumerateFiles(tools, "aspire", SearchOption.AllDirectories) : [];
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(directory => Path.Combine(directory, "aspire")).Where(File.Exists);
        return installed.Concat(onPath).FirstOrDefault();
    }
}
