using System.IO.Compression;

namespace Aspire.Hosting.Tests.Packaging;

/// <summary>The packages, made of what was built, in a folder of their own of a version that no cache knows.</summary>
public sealed class PackageFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("packages-");

    public string Version { get; } = $"0.1.0-test.{Guid.NewGuid():N}";

    /// <summary>A folder for a test's own files.</summary>
    public string Workspace => Path.Combine(_files.FullName, "app");

    public string Feed => Path.Combine(_files.FullName, "feed");

    /// <summary>Where restores put the packages, instead of the user's folder.</summary>
    public string Installed => Path.Combine(_files.FullName, "installed");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Workspace);
        foreach (var project in (string[])["LoadBalancer.Configuration", "LoadBalancer.Aspire.Hosting"])
        {
            await Dotnet.RunAsync(RepositoryDirectory(), "pack", $"src/{project}", "--no-restore", "-c", Configuration(), "-o", Feed, $"-p:PackageVersion={Version}");
        }
    }

    public ValueTask DisposeAsync()
    {
        _files.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    public ZipArchive Open(string package, string extension = "nupkg") => ZipFile.OpenRead(Path.Combine(Feed, $"{package}.{Version}.{extension}"));

    // bin/<configuration>/<framework>
    private static string Configuration() => new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Name;

    public static string RepositoryDirectory()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Aspire.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException($"No folder above '{AppContext.BaseDirectory}' has an Aspire.sln.");
        }

        return directory.FullName;
    }
}
