namespace Aspire.Hosting.Tests;

/// <summary>The sample services of this repository.</summary>
internal static class Samples
{
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    private static readonly string Root = Path.GetFullPath(Path.Combine(Output.FullName, "..", "..", "..", "..", ".."));

    public static string Project(string name) => Path.Combine(Root, "samples", name, $"{name}.csproj");

    /// <summary>The program, built as these tests are.</summary>
    public static string Assembly(string name) => Path.Combine(Root, "samples", name, "bin", Output.Parent!.Name, Output.Name, $"{name}.dll");
}
