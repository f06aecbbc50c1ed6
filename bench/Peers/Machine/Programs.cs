using Peers.Processes;

namespace Peers.Machine;

/// <summary>The programs that are not ours: which are here, what their Debian packages are, how to install them.</summary>
internal static class Programs
{
    private const string NginxStreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

    // Root's own directories too: an ordinary user can run what is there.
    private static readonly string[] Directories =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/local/sbin", "/usr/sbin", "/sbin"];

    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["haproxy"] = ["haproxy"],
        ["nginx"] = ["nginx", "libnginx-mod-stream"],
        ["wrk"] = ["wrk"],
        ["h2load"] = ["nghttp2-client"],
        ["iperf3"] = ["iperf3"],
    };

    /// <summary>The programs' names.</summary>
    public static IEnumerable<string> All => Packages.Keys;

    /// <returns>The program's path, or null when it is not installed.</returns>
    public static string? Find(string program) => program == "nginx" && !File.Exists(NginxStreamModule)
        ? null
        : Directories.Where(directory => directory.Length > 0).Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    /// <summary>How to get a program, for a message.</summary>
    public static string Advice(string program) => $"{program} is not installed; --install runs apt-get install {string.Join(' ', Packages[program])}";

    /// <summary>Installs what is missing.</summary>
    /// <exception cref="BenchException">apt-get failed.</exception>
    public static async Task InstallAsync(ToolRunner tools, CancellationToken cancellation)
    {
        var missing = All.Where(program => Find(program) is null).SelectMany(program => Packages[program]).ToArray();
        if (missing.Length > 0)
        {
            await tools.RunAsync(new("apt-get", "update"), cancellation);
            await tools.RunAsync(new("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends", .. missing]), cancellation);
        }
    }
}
