using System.Diagnostics;

namespace LoadBalancer.Docs.Tests;

/// <summary>A network namespace with nothing but loopback, which is gone when its program ends: every port in it is free.</summary>
internal static class NetworkOfItsOwn
{
    /// <summary>Skips the test where there can be none, or where a program is missing that it runs.</summary>
    public static async Task RequireAsync(params string[] programs)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "network namespaces are Linux's");
        string[] missing = [.. programs.Concat(["unshare", "nsenter", "ip"]).Where(program => !Sandbox.Has(program))];
        Assert.SkipUnless(missing.Length == 0, $"not on PATH: {string.Join(", ", missing)}");
        var probe = programs.Contains("nft") ? "ip link set lo up && nft add table inet probe && conntrack -L" : "ip link set lo up";
        var (exitCode, output) = await Programs.RunAsync("unshare", ["-n", "bash", "-c", probe]);
        Assert.SkipUnless(exitCode == 0, $"not permitted here: {output.Trim()}");
    }

    /// <summary>Starts a shell's command; its process is that of the namespace.</summary>
    public static Process Start(string command, string directory, IReadOnlyDictionary<string, string>? environment = null)
    {
        // Without the last setting a packet to a loopback address is not sent to a backend there.
        var start = new ProcessStartInfo("unshare", ["-n", "bash", "-c", $"ip link set lo up && sysctl -qw net.ipv4.conf.all.route_localnet=1 && {command}"])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a shell's command in the namespace of a program.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(Process program, string command) => Programs.RunAsync("nsenter", ["-t", $"{program.Id}", "-n", "bash", "-c", command]);
}
