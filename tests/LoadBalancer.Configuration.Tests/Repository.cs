using System.Runtime.CompilerServices;

namespace LoadBalancer.Configuration.Tests;

/// <summary>Where files of the repository are.</summary>
internal static class Repository
{
    public static string PathOf(string relative)
    {
        var directory = new DirectoryInfo(SourceDirectory());
        while (!File.Exists(Path.Combine(directory.FullName, "Directory.Packages.props")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("The tests' sources are in no repository.");
        }

        return Path.Combine(directory.FullName, relative);
    }

    private static string SourceDirectory([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
