namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// The balancer's program, which this package carries and the build copies to a folder beside this assembly. An AppHost in
/// another language is not built: there the assembly is used where the package has it, and the program likewise.
/// </summary>
internal static class ServerFiles
{
    private const string FolderName = "loadbalancer-server";
    private const string ProgramName = "LoadBalancer.Server.dll";

    public static string Directory { get; } =
        Find(Path.GetDirectoryName(typeof(ServerFiles).Assembly.Location) is { Length: > 0 } beside ? beside : AppContext.BaseDirectory);

    public static string Program { get; } = Path.Combine(Directory, ProgramName);

    /// <param name="directory">Where this assembly is: an AppHost's output, or <c>lib/net10.0</c> of the package.</param>
    public static string Find(string directory)
    {
        var built = Path.Combine(directory, FolderName);
        var packed = Path.GetFullPath(Path.Combine(directory, "..", "..", "tools", "server"));
        return !File.Exists(Path.Combine(built, ProgramName)) && File.Exists(Path.Combine(packed, ProgramName)) ? packed : built;
    }

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
