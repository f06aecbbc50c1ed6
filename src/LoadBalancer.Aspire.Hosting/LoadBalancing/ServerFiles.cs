namespace Aspire.Hosting.LoadBalancing;

/// <summary>The balancer's program, which this package carries and the build copies to a folder beside this assembly.</summary>
internal static class ServerFiles
{
    private const string FolderName = "loadbalancer-server";
    private const string ProgramName = "LoadBalancer.Server.dll";

    public static string Directory { get; } =
        Path.Combine(Path.GetDirectoryName(typeof(ServerFiles).Assembly.Location) is { Length: > 0 } beside ? beside : AppContext.BaseDirectory, FolderName);

    public static string Program { get; } = Path.Combine(Directory, ProgramName);

    /// <exception cref="DistributedApplicationException">The program is missing.</exception>
    public static void ThrowIfMissing(string program)
    {
        if (!File.Exists(program))
        {
            throw new DistributedApplicationException(
                $"The load balancer's program '{program}' is missing. The package LoadBalancer.Aspire.Hosting copies it to the AppHost's output when it is built: build the AppHost again.");
        }
    }
}
