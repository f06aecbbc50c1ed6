using System.Diagnostics;
using System.Text.Json.Nodes;
using LoadBalancer.Docs.Tests.Markdown;
using LoadBalancer.Machine;

namespace LoadBalancer.Docs.Tests;

/// <summary>Commands that start the server are run with the configuration that their page shows beside them.</summary>
public sealed class ServerCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-docs-");

    internal static IEnumerable<ShellCommand> Mine => Commands.All.Where(command => command.Programs is [["dotnet", "LoadBalancer.Server.dll", ..] or ["dotnet", "run", "--project", "src/LoadBalancer.Server", ..]]);

    public static TheoryData<string> All() => [.. Mine.Select(command => command.ToString())];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_server_takes_the_file_of_the_page(string text)
    {
        var command = Mine.Single(command => command.ToString() == text);
        string[] arguments = [.. command.Programs[0].SkipWhile(word => !word.StartsWith("--config", StringComparison.Ordinal))];
        var admin = await WriteAsync(command, arguments[1]);
        arguments = [Path.Combine(AppContext.BaseDirectory, "LoadBalancer.Server.dll"), .. arguments];
        if (arguments.Contains("--check"))
        {
            var (exitCode, output) = await Programs.RunAsync(Programs.Dotnet, arguments, _directory.FullName);
            Assert.True(exitCode == 0, output);
            Assert.Contains("is valid", output, StringComparison.Ordinal);
            return;
        }

        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no signal here that would end it");
        using var process = Process.Start(new ProcessStartInfo(Programs.Dotnet, arguments) { WorkingDirectory = _directory.FullName, RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient();
        try
        {
            await Programs.UntilAsync(
                async () =>
                {
                    Assert.False(process.HasExited, $"{command} ended");
                    try
                    {
                        using var answer = await http.GetAsync(new Uri($"http://{admin}/stats"), TestContext.Current.CancellationToken);
                        return answer.IsSuccessStatusCode;
                    }
                    catch (HttpRequestException)
                    {
                        return false;
                    }
                },
                () => $"{command} does not answer at {admin}");
        }
        finally
        {
            await Programs.TerminateAsync(process);
        }

        Assert.True(process.ExitCode == 0, await said);
    }

    /// <summary>Writes the block that is nearest to the command, with free ports for its listeners.</summary>
    /// <returns>The admin endpoint.</returns>
    private async Task<string> WriteAsync(ShellCommand command, string file)
    {
        var block = Repository.Page(Commands.PageOf(command)).Fences.Where(fence => fence.Info == "json").MinBy(fence => Math.Abs(fence.Line - Commands.LineOf(command)))!;
        var root = JsonNode.Parse(block.Text)!;
        var balancer = root["LoadBalancer"]!;
        var listeners = new[] { "Layer4", "Layer7" }.SelectMany(layer => balancer[layer]?["Listeners"]?.AsObject().Select(listener => listener.Value!) ?? []).Append(balancer["Admin"]!).ToArray();
        foreach (var (listener, port) in listeners.Zip(FreePorts.Take(listeners.Length)))
        {
            var address = listener["Address"]!.GetValue<string>();
            listener["Address"] = $"{address[..address.LastIndexOf(':')]}:{port}";
        }

        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, file), root.ToJsonString(), TestContext.Current.CancellationToken);
        return balancer["Admin"]!["Address"]!.GetValue<string>();
    }
}
