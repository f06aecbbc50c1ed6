using System.Diagnostics;
using System.Text.RegularExpressions;
using LoadBalancer.Docs.Tests.Markdown;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>The commands that the README gives a reader first, run against the sample as it is.</summary>
// One at a time with those that kill replicas, and those that count who answers.
[Collection(nameof(StandaloneTopology))]
public sealed partial class ReadmeTests(StandaloneTopology topology) : IDisposable
{
    // What an answer has that comes from where the README says; the more specific address first.
    private static readonly (string Address, string Answer)[] Answers =
    [
        ("8080/auth/login", "auth-"), ("8080/chat/", "chat-"), ("8080/about", "catalog"), ("8080/", "catalog-"), ("localhost:7000", "echo-"),
        ("localhost 7001", "echo-"), ("127.0.0.1/7001", "echo-"), ("8443/", "catalog-"), ("7002/", "catalog-"), ("7443/", "catalog-"), ("9080/stats", "\"edge\""),
    ];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-readme-");

    public static TheoryData<string> Commands() =>
        [.. Repository.Page("README.md").Fences.Where(fence => fence.Info == "bash").SelectMany(ShellCommand.In).Select(command => command.Text).Where(text => !text.StartsWith("./", StringComparison.Ordinal))];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_of_the_readme_is_answered_by_whom_it_says(string command)
    {
        Assert.SkipWhen(command.Contains("nc ", StringComparison.Ordinal) && !File.Exists("/usr/bin/nc") && !File.Exists("/bin/nc"), "there is no nc here");
        // The second of the README is enough for a machine with nothing else to do.
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", SamplePorts().Replace(command, port => $"{topology.PortsOfTheSample[port.Value]}").Replace("-m 1 ", "-m 5 ", StringComparison.Ordinal)])
        {
            WorkingDirectory = _directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Wait.Patience, TestContext.Current.CancellationToken);

        var answer = Answers.First(answer => command.Contains(answer.Address, StringComparison.Ordinal)).Answer;
        Assert.True((await output).Contains(answer, StringComparison.Ordinal), $"{command} printed:\n{await output}{await error}");
    }

    [GeneratedRegex(@"\b(8080|8443|9080|9070|7000|7001|7002|7443)\b")]
    private static partial Regex SamplePorts();
}
