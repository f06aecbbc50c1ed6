using System.Reflection;

namespace Standalone;

/// <summary>Where the build put what this program starts; MSBuild wrote the paths into this assembly.</summary>
internal static class BuiltAssemblies
{
    private static readonly Dictionary<string, string?> Metadata = typeof(BuiltAssemblies).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .ToDictionary(attribute => attribute.Key, attribute => attribute.Value);

    public static string RepositoryRoot => Metadata[nameof(RepositoryRoot)]!;

    /// <exception cref="StartException">It is not there, such as after a clean.</exception>
    public static string PathOf(string assembly) =>
        Metadata.GetValueOrDefault($"Started:{assembly}") is { } path && File.Exists(path)
            ? path
            : throw new StartException($"{assembly}.dll is not built; build samples/Standalone, which builds it too.");
}
