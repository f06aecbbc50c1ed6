using System.Reflection;

namespace Peers;

/// <summary>Where the build put what this program starts; MSBuild wrote the paths into this assembly.</summary>
internal static class BuiltAssemblies
{
    private static readonly Dictionary<string, string?> Metadata = typeof(BuiltAssemblies).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .ToDictionary(attribute => attribute.Key, attribute => attribute.Value);

    public static string RepositoryRoot => Metadata[nameof(RepositoryRoot)]!;

    public static bool AreOptimized =>
        typeof(BuiltAssemblies).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration == "Release";

    /// <exception cref="BenchException">It is not there, such as after a clean.</exception>
    public static string PathOf(string assembly) =>
        Metadata.GetValueOrDefault($"Started:{assembly}") is { } path && File.Exists(path)
            ? path
            : throw new BenchException($"{assembly}.dll is not built; build bench/Peers, which builds it too.");
}
