namespace Standalone;

/// <summary>Finds the <c>aspire</c> command, which has the dashboard in it.</summary>
internal static class AspireCli
{
    private const string Variable = "ASPIRE_CLI";

    private static readonly string FileName = OperatingSystem.IsWindows() ? "aspire.exe" : "aspire";

    /// <summary>Looks at ASPIRE_CLI, then where run.sh installs it, then on PATH.</summary>
    /// <exception cref="StartException">ASPIRE_CLI names no file.</exception>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : throw new StartException($"{Variable} is '{named}'; it must be the path of the aspire command.");
        }

        return FindInTools() ?? FindOnPath();
    }

    private static string? FindInTools()
    {
        var packages = Path.Combine(BuiltAssemblies.RepositoryRoot, ".tools", "node_modules", "@microsoft");
        return Directory.Exists(packages)
            ? Directory.EnumerateDirectories(packages, "aspire-cli-*")
                .SelectMany(package => Directory.EnumerateFiles(package, FileName, SearchOption.AllDirectories))
                .FirstOrDefault()
            : null;
    }

    private static string? FindOnPath() => Environment.GetEnvironmentVariable("PATH")?
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, FileName))
        .FirstOrDefault(File.Exists);
}
