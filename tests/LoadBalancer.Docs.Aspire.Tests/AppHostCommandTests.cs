using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Aspire.Tests;

/// <summary>The command that publishes the sample AppHost is run, and writes what its page says.</summary>
public sealed partial class AppHostCommandTests
{
    [Fact]
    public async Task The_manifest_and_its_files_are_where_the_page_says()
    {
        var page = Repository.Page("docs/publishing.md");
        var words = page.Fences.SelectMany(ShellCommand.In).Single(command => command.Text.Contains("--publisher manifest", StringComparison.Ordinal)).Programs[0];
        var assembly = typeof(AppHostCommandTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Started:AppHost").Value!;
        var directory = Directory.CreateTempSubdirectory("lb-docs-");
        try
        {
            using var process = Process.Start(new ProcessStartInfo(
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                [assembly, .. words[(Array.IndexOf(words, "--") + 1)..]])
            {
                WorkingDirectory = directory.FullName,
                RedirectStandardOutput = true,
            })!;
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.True(process.ExitCode == 0, output);
            var files = Files().Matches(page.Text).Select(file => file.Groups["path"].Value).ToArray();
            Assert.Contains("out/aspire-manifest.json", files);
            Assert.All(files, file => Assert.True(Path.Exists(Path.Combine(directory.FullName, file)), $"{file} was not written:\n{output}"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // What the command does is a table: each file is at the start of a row, or further in the same cell.
    [GeneratedRegex("(?<=^\\| [^|]*)`(?<path>out/[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Files();
}
