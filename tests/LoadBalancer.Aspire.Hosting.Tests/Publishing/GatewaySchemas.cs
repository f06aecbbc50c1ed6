using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aspire.Hosting.Tests.Publishing;

/// <summary>
/// The schemas of the Gateway API as an npm package has them, compiled to JavaScript, in a temporary folder. Which
/// packages, of which versions and with which hashes, is in Schemas/package-lock.json.
/// </summary>
internal sealed class GatewaySchemas : IDisposable
{
    /// <summary>The release that the package was made from: it has ListenerSet and TLSRoute as v1, TCPRoute as v1alpha2.</summary>
    public const GatewayApiVersion Version = GatewayApiVersion.V15;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-api-schemas-");

    private GatewaySchemas()
    {
    }

    /// <summary>Installs them, or skips the test with the reason why they cannot be.</summary>
    public static async Task<GatewaySchemas> InstallAsync()
    {
        var schemas = new GatewaySchemas();
        try
        {
            foreach (var file in new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "Publishing", "Schemas")).GetFiles())
            {
                file.CopyTo(Path.Combine(schemas._folder.FullName, file.Name));
            }

            var cache = Path.Combine(schemas._folder.FullName, "cache");
            var (exitCode, _, errors) = await schemas.RunAsync(
                Tool.Npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=0", "--loglevel=error", "--logs-max=0", "--cache", cache]);
            Assert.SkipWhen(exitCode != 0, $"npm cannot install the schemas of the Gateway API: {errors.Trim()}");
            return schemas;
        }
        catch (TimeoutException e)
        {
            schemas.Dispose();
            Assert.Skip(e.Message);
            throw;
        }
        catch
        {
            schemas.Dispose();
            throw;
        }
    }

    /// <returns>What is wrong with each of the documents, by the schema of its version and kind.</returns>
    public async Task<string[][]> ErrorsOfAsync(IEnumerable<JsonNode> documents)
    {
        var (exitCode, output, errors) = await RunAsync("node", ["validate.mjs"], new JsonArray([.. documents.Select(document => document.DeepClone())]).ToJsonString());
        Assert.True(exitCode == 0, errors);
        return JsonSerializer.Deserialize<string[][]>(output)!;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, string[] arguments, string input = "") =>
        Tool.RunAsync(new(program, arguments) { WorkingDirectory = _folder.FullName }, Deadline, input);
}
