using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Aspire.Hosting.Tests.Packaging;

/// <summary>
/// The sample in TypeScript, outside the repository, with the packages of this build. It takes the Aspire CLI (the program
/// `aspire` on the path, or the one that ASPIRE_CLI names), npm, and a NuGet source with Aspire's code generation.
/// </summary>
[Collection(nameof(PackageCollection))]
public sealed partial class TypeScriptTests(PackageFixture packages)
{
    private const string Modules = "Aspire.Hosting.CodeGeneration.TypeScript";

    // It runs nothing of the sample: the compiler looks at what calls which functions with what.
    [Fact]
    public async Task The_sample_fits_the_functions_that_the_Aspire_CLI_makes_of_the_packages()
    {
        var cli = Environment.GetEnvironmentVariable("ASPIRE_CLI") is { Length: > 0 } path ? path : "aspire";
        await RunAsync(cli, "--version");
        var program = await CopySampleAsync();

        var (installed, _, errors) = await RunAsync(Tool.Npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--fetch-retries=0", "--cache", Path.Combine(packages.Workspace, "npm"));
        Assert.SkipWhen(installed != 0, $"npm cannot install what the sample needs: {errors}");
        var (restored, output, messages) = await RunAsync(cli, "restore", "--apphost", "apphost.mts", "--non-interactive", "--nologo");
        // Its lines are as long as a console's.
        var said = Blanks().Replace(Colours().Replace(output + messages, ""), "");
        Assert.SkipWhen(restored != 0 && said.Contains(Modules, StringComparison.Ordinal), $"No NuGet source has {Modules}.");
        Assert.True(restored == 0, output + messages);

        var (exitCode, complaints, _) = await RunAsync(Tool.Npm, "run", "check");
        Assert.True(exitCode == 0, complaints);
        await File.WriteAllTextAsync(program, (await File.ReadAllTextAsync(program, TestContext.Current.CancellationToken)).Replace("port: 7000", "port: 'seven'", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Contains("TS2322: Type 'string' is not assignable to type 'number'", (await RunAsync(Tool.Npm, "run", "check")).Output, StringComparison.Ordinal);
    }

    private string Folder => Path.Combine(packages.Workspace, "TypeScriptAppHost");

    private async Task<string> CopySampleAsync()
    {
        var sample = new DirectoryInfo(Path.Combine(PackageFixture.RepositoryDirectory(), "samples", "TypeScriptAppHost"));
        Directory.CreateDirectory(Folder);
        foreach (var file in sample.GetFiles())
        {
            file.CopyTo(Path.Combine(Folder, file.Name));
        }

        await ChangeAsync("aspire.config.json", text =>
        {
            var settings = JsonNode.Parse(text)!;
            settings["packages"]!["LoadBalancer.Aspire.Hosting"] = packages.Version;
            return settings.ToJsonString();
        });
        await ChangeAsync("nuget.config", text =>
        {
            var sources = XDocument.Parse(text);
            sources.Descendants("add").Single(source => source.Attribute("key")!.Value == "this-repository").SetAttributeValue("value", packages.Feed);
            return sources.ToString();
        });
        return Path.Combine(Folder, "apphost.mts");
    }

    private async Task ChangeAsync(string file, Func<string, string> change)
    {
        var path = Path.Combine(Folder, file);
        await File.WriteAllTextAsync(path, change(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Directory.Exists(Folder) ? Folder : packages.Workspace };
        start.Environment["NUGET_PACKAGES"] = packages.Installed;
        return Tool.RunAsync(start, TimeSpan.FromMinutes(3));
    }

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Colours();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
