namespace LoadGenerator;

internal static class DotNet
{
    /// <summary>The command that runs an assembly.</summary>
    public static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
}
