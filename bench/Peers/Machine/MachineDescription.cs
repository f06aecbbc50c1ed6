using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Peers.Processes;

namespace Peers.Machine;

/// <summary>What a reader must know of the machine before comparing it with another.</summary>
/// <param name="Lines">A line a fact: what, and its value.</param>
internal sealed partial record MachineDescription(IReadOnlyList<(string Name, string Value)> Lines)
{
    public static async Task<MachineDescription> ReadAsync(ToolRunner tools, CancellationToken cancellation)
    {
        var lines = new List<(string, string)>
        {
            ("Processor", $"{Environment.ProcessorCount} cores, {Value("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString()}"),
            ("Memory", Memory()),
            ("System", $"{Value("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"')}, kernel {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}"),
            (".NET", Environment.Version.ToString()),
            ("YARP", FileVersionInfo.GetVersionInfo(Path.Combine(Path.GetDirectoryName(BuiltAssemblies.PathOf("BareYarp"))!, "Yarp.ReverseProxy.dll")).ProductVersion?.Split('+')[0] ?? "?"),
        };
        foreach (var program in Programs.All)
        {
            lines.Add((program, Programs.Find(program) is { } path ? await VersionAsync(tools, path, cancellation) : "not installed"));
        }

        return new(lines);
    }

    // Each says its version in a form of its own, some on standard error, some with an exit code.
    private static async Task<string> VersionAsync(ToolRunner tools, string path, CancellationToken cancellation)
    {
        var text = await tools.RunAsync(new("/bin/sh", "-c", "\"$0\" \"$1\" 2>&1 || true", path, path.EndsWith("h2load", StringComparison.Ordinal) ? "--version" : "-v"), cancellation);
        return Version().Match(text) is { Success: true } version ? version.Value : text.Split('\n')[0];
    }

    [GeneratedRegex(@"\d+\.\d+\S*", RegexOptions.CultureInvariant)]
    private static partial Regex Version();

    private static string Memory()
    {
        var kibibytes = long.Parse(Value("/proc/meminfo", "MemTotal")!.Split(' ')[0], CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{kibibytes / 1024.0 / 1024.0:0.0} GiB");
    }

    private static string? Value(string file, string name, char separator = ':') =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(separator) + 1)..].Trim()
            : null;
}
