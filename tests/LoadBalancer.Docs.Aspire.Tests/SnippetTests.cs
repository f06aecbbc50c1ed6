using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LoadBalancer.Docs.Aspire.Tests;

/// <summary>
/// Every C# block compiles, as the statements of an AppHost in which the names below are there already. A comment
/// <c>&lt;!-- docs: given TYPE NAME; … --&gt;</c> before a block gives it more.
/// </summary>
public sealed partial class SnippetTests
{
    // What the SDKs of an AppHost, of a service and of a test import.
    private const string Implicit = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Net.Http.Json; global using System.Threading; global using System.Threading.Tasks;
        global using Aspire.Hosting; global using Aspire.Hosting.ApplicationModel; global using Aspire.Hosting.Testing;
        global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Http;
        global using Microsoft.Extensions.Configuration; global using Microsoft.Extensions.DependencyInjection;
        global using static Given;
        """;

    // A whole program says these itself; a piece of one has them from the lines above it.
    private const string Above = "global using LoadBalancer.Configuration; global using System.Net.Sockets;";

    private static readonly string[] Resources =
        ["api", "auth", "catalog", "catalogNext", "catalogTrial", "chat", "dns", "echo", "next", "settings", "shop", "shopBeta", "shopNext", "spare", "web"];

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    public static TheoryData<string> Blocks() => [.. Repository.Pages.SelectMany(page => page.Fences).Where(fence => fence.Info == "csharp").Select(fence => fence.Place)];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_csharp_block_compiles(string place)
    {
        var fence = Repository.Pages.SelectMany(page => page.Fences).Single(fence => fence.Place == place);
        Assert.Empty(Errors(fence.Text, fence.Mark));
    }

    [Theory]
    [InlineData("builder.AddLayer7LoadBalancer(\"edge\").WithRout(\"/\", catalog);", "CS1061")]
    [InlineData("builder.AddLayer7LoadBalancer(\"edge\").WithRoute(\"/\", katalog);", "CS0103")]
    public void A_mistake_is_found(string text, string code) => Assert.Contains(Errors(text, ""), error => error.Contains(code, StringComparison.Ordinal));

    private static IEnumerable<string> Errors(string text, string mark)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        var given = string.Concat(Given().Matches(mark).Select(name => $"public static {name.Groups["type"].Value} {name.Groups["name"].Value} = null!;\n"));
        var projects = string.Concat(Projects().Matches(text).Select(name => name.Groups["name"].Value).Distinct()
            .Select(name => $"public class {name} : IProjectMetadata {{ public string ProjectPath => \"\"; }}\n"));
        // Fields, because a local variable of the block may have the name of one of them.
        var context = $$"""
            {{Implicit}}
            {{(text.Contains("DistributedApplication.CreateBuilder", StringComparison.Ordinal) ? "" : Above)}}
            static class Given
            {
                public static IDistributedApplicationBuilder builder = null!;
                public static DistributedApplication app = null!;
                public static IConfiguration configuration = null!;
                public static IResourceBuilder<Layer4LoadBalancerResource> wire = null!;
                public static IResourceBuilder<Layer7LoadBalancerResource> edge = null!;
                public static IResourceBuilder<ProjectResource> {{string.Join(", ", Resources)}};
                {{given}}
            }
            namespace Projects
            {
                {{projects}}
            }
            """;
        var compilation = CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(text, options), CSharpSyntaxTree.ParseText(context, options)],
            References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication));
        return compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.ToString());
    }

    [GeneratedRegex(@"\bProjects\.(?<name>\w+)")]
    private static partial Regex Projects();

    [GeneratedRegex(@"(?:^given |; )(?<type>\S+) (?<name>\w+)")]
    private static partial Regex Given();
}
