using System.Text.Json;

namespace Peers.Results;

/// <summary>Where results are kept: artifacts/bench and docs/performance.md.</summary>
internal static class ResultFiles
{
    private static readonly string Artifacts = Path.Combine(BuiltAssemblies.RepositoryRoot, "artifacts", "bench");
    private static readonly string Page = Path.Combine(BuiltAssemblies.RepositoryRoot, "docs", "performance.md");

    public static string Write(ScenarioReport report)
    {
        Directory.CreateDirectory(Artifacts);
        var path = Path.Combine(Artifacts, $"{report.Scenario.Name}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(report.Contenders, ReportJsonContext.Default.IReadOnlyListContenderReport) + "\n");
        BarChart.Of(report).Save(Path.ChangeExtension(path, "svg"));
        return path;
    }

    /// <summary>Finds out before a long run whether its end can be written.</summary>
    /// <exception cref="BenchException">The page is not there, or not as it must be.</exception>
    public static void CheckPage()
    {
        if (!File.Exists(Page))
        {
            throw new BenchException($"{Page} is not there; --write-docs rewrites a part of it.");
        }

        Documentation.Replace(File.ReadAllText(Page), "");
    }

    /// <exception cref="BenchException">The page is not as it must be.</exception>
    public static void WritePage(string generated) => File.WriteAllText(Page, Documentation.Replace(File.ReadAllText(Page), generated));
}
