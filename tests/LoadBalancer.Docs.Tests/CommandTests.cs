using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.Docs.Tests;

/// <summary>What commands name is there: scripts, projects, options, packages, and commands of the admin endpoint. CommandPlan says what runs them.</summary>
public sealed partial class CommandTests
{
    // BenchmarkDotNet's, xunit's, and those that Aspire gives every AppHost.
    private static readonly string[] OptionsOfTools =
        ["--filter", "--inProcess", "--job", "--list", "-class", "-method", "-namespace", "--operation", "--output-path", "--publisher", "--step"];

    private static readonly ConcurrentDictionary<string, Task<string>> Help = new();

    public static TheoryData<string> All() => [.. Commands.All.Select(command => command.ToString()).Distinct()];

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_command_names_is_there(string command)
    {
        foreach (var program in Commands.All.First(found => found.ToString() == command).Programs.Where(program => !Commands.IsOfOthers(program)))
        {
            // A variable that is set for the program alone stands before it.
            switch ((string[])[.. program.SkipWhile(word => word.Contains('=', StringComparison.Ordinal))])
            {
                case ["dotnet", "run", .. var rest] when rest.Contains("--project"):
                    await RequireProjectAsync(rest);
                    break;
                case ["dotnet", "test" or "build" or "format" or "pack" or "publish", .. var rest]:
                    Assert.All(rest.Where(word => !word.StartsWith('-') && word.Contains('/')), path => Assert.True(Path.Exists(Repository.PathOf(path)), $"there is no {path}"));
                    break;
                case ["dotnet", "add", _, "package", var package, ..]:
                    Assert.Contains(package, Packages());
                    break;
                case ["dotnet", var assembly, .. var arguments] when assembly.EndsWith(".dll", StringComparison.Ordinal):
                    await RequireOptionsAsync(Path.Combine(AppContext.BaseDirectory, assembly), arguments);
                    break;
                case ["dotnet", "dev-certs" or "exec" or "run" or "--version" or "new" or "user-secrets", ..]:
                    break;
                case ["./run.sh", .. var arguments]:
                    await RequireOptionsAsync(Programs.Assembly("Standalone"), [.. arguments.Where(argument => argument != "--standalone")]);
                    break;
                case [var built, ..] when built.Split("/bin/") is [var folder, _]:
                    Assert.True(Directory.Exists(Repository.PathOf(folder)), $"there is no {folder}");
                    break;
                case [var script, ..] when script.StartsWith('.') || script.EndsWith(".cmd", StringComparison.Ordinal):
                    Assert.True(File.Exists(Repository.PathOf(script)), $"there is no {script}");
                    break;
                default:
                    Assert.True(Commands.IsRunnable(program), $"'{program[0]}' is a program that this test does not know");
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Commands_of_the_admin_endpoint_are_there(string path) =>
        Assert.Contains(Endpoints(), endpoint => Regex.IsMatch(path, $"^{Regex.Replace(endpoint, @"\{[^}]+\}", "[^/]+")}$"));

    public static TheoryData<string> Paths() => [.. Repository.Pages.SelectMany(page => AdminPaths().Matches(page.Text)).Select(match => match.Groups["path"].Value).Distinct()];

    private static async Task RequireProjectAsync(string[] words)
    {
        var project = words[Array.IndexOf(words, "--project") + 1];
        Assert.True(Directory.Exists(Repository.PathOf(project)) && Directory.EnumerateFiles(Repository.PathOf(project), "*.csproj").Any(), $"there is no project in {project}");
        var separator = Array.IndexOf(words, "--");
        string[] arguments = separator < 0 ? [] : words[(separator + 1)..];
        var name = Path.GetFileName(project);
        if (name is "Standalone" or "Peers" or "Policies" or "LoadBalancer.Server")
        {
            await RequireOptionsAsync(name == "LoadBalancer.Server" ? Path.Combine(AppContext.BaseDirectory, $"{name}.dll") : Programs.Assembly(name), arguments);
        }
        else
        {
            Assert.All(arguments.Where(argument => argument.StartsWith('-')), option => Assert.Contains(option, OptionsOfTools));
        }
    }

    private static async Task RequireOptionsAsync(string assembly, string[] arguments)
    {
        var help = await Help.GetOrAdd(assembly, ReadHelpAsync);
        // A word that is no option is a scenario or a step; a file is the reader's.
        Assert.All(arguments.Where(argument => argument.StartsWith('-') || Words().IsMatch(argument)), word => Assert.Matches($@"(?<![\w-]){Regex.Escape(word)}(?![\w-])", help));
    }

    private static async Task<string> ReadHelpAsync(string assembly)
    {
        using var process = Process.Start(new ProcessStartInfo(Programs.Dotnet, [assembly, "--help"]) { RedirectStandardOutput = true })!;
        var help = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return help;
    }

    private static IEnumerable<string> Packages() => Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
        .Select(project => XDocument.Load(project).Descendants("PackageId").FirstOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project));

    /// <summary>Paths as the server's sources map them.</summary>
    private static IEnumerable<string> Endpoints() => Directory.EnumerateFiles(Repository.PathOf("src/LoadBalancer.Server/Admin"), "*.cs")
        .SelectMany(file => Maps().Matches(File.ReadAllText(file)))
        .Select(map => (map.Groups["group"].Value == "admin" ? "/admin" : "") + map.Groups["path"].Value);

    [GeneratedRegex("^[a-z][a-z0-9-]*$")]
    private static partial Regex Words();

    [GeneratedRegex(@"(?<group>\w+)\.Map(Get|Post|Put|Delete)\(""(?<path>[^""]+)""")]
    private static partial Regex Maps();

    // In a table of commands and in addresses; a path that ends in an ellipsis is not meant to be whole.
    [GeneratedRegex(@"(?:`(?:GET|POST|PUT|DELETE) |localhost:90[78]0)(?<path>/admin/(?>[\w/{}.-]+))(?<=[\w}])(?!…)")]
    private static partial Regex AdminPaths();
}
