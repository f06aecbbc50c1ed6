using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using LoadGenerator.Nat;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>In NAT mode Layer 4 has no connection of its own.</summary>
internal sealed class NatStep : IStep
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string[] Tools = ["unshare", "ip", "nft", "conntrack"];

    public string Name => "nat";

    public IReadOnlyList<string> Claim { get; } =
    [
        "With 'Mode: Nat' Layer 4 has no connection of its own: the kernel rewrites the addresses of each packet by a table,",
        "and there is one connection, from the client to the replica. A relay has two.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SkipException("NAT mode is the Linux kernel's");
        }

        if (Array.Find(Tools, tool => !IsOnPath(tool)) is { } missing)
        {
            throw new SkipException($"there is no program '{missing}' on PATH");
        }

        report.Line("A balancer with a NAT listener (7000) and a relay (7001), three servers and a client, in a network namespace of their own:");
        var findings = await RunLabAsync(cancellation);
        report.Table([
            ["mode", "client's port", "server", "port that the server sees"],
            .. findings.Translated.Select(connection => Row("Nat", connection)),
            .. findings.Relayed.Select(connection => Row("Relay", connection))]);
        report.Line();
        report.Line($"Rows of the kernel's NAT table, as /stats has them; rule: {findings.Rule}");
        report.Table([["client", "backend"], .. findings.Table.Select(row => (string[])[row.Client, row.Backend])]);
        report.Line();
        report.Expect("connections that kept the client's port in NAT mode", findings.Translated.Count(connection => connection.ClientPort == connection.SeenPort), NatLab.Connections);
        report.Expect("connections that kept it through the relay", findings.Relayed.Count(connection => connection.ClientPort == connection.SeenPort), 0);
        report.Expect("servers that the kernel chose", findings.Translated.Select(connection => connection.Server).Distinct().Count(), NatLab.Servers);
        report.Expect("rows of the NAT table", findings.Table.Count, NatLab.Connections);
    }

    private static string[] Row(string mode, NatConnection connection) => [mode, $"{connection.ClientPort}", connection.Server, $"{connection.SeenPort}"];

    // A namespace of a user's own where this is not root.
    private static async Task<NatFindings> RunLabAsync(CancellationToken cancellation)
    {
        string[] rights = Environment.IsPrivilegedProcess ? [] : ["--user", "--map-root-user"];
        var start = new ProcessStartInfo("unshare", [.. rights, "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh", DotNet.Host, typeof(NatStep).Assembly.Location, NatLab.Argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // There is no way to the dashboard from there.
        start.Environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        using var process = Start(start);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize(output, NatJsonContext.Default.NatFindings)!
                : throw new SkipException($"this machine does not allow it: {(await errors).Trim().ReplaceLineEndings("; ")}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new SkipException($"'unshare' cannot be run: {e.Message}");
        }
    }

    private static bool IsOnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(directory => File.Exists(Path.Combine(directory, tool)));
}
