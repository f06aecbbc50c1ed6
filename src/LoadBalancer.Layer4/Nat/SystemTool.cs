using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace LoadBalancer.Layer4.Nat;

/// <summary>A program of the system.</summary>
/// <param name="path">Where it is.</param>
/// <param name="prefix">What it is run by, such as <c>ip netns exec name</c>; empty to run it as it is.</param>
internal sealed class SystemTool(string path, IReadOnlyList<string> prefix)
{
    // Where administrators' programs are, whether or not the user's path names them.
    private static readonly string[] AlwaysSearched = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Looks for a program.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="prefix">What it is run by.</param>
    /// <returns>The program, or null when it is not installed.</returns>
    public static SystemTool? Find(string name, IReadOnlyList<string> prefix)
    {
        var searched = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return searched.Concat(AlwaysSearched).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists) is { } path
            ? new SystemTool(path, prefix)
            : null;
    }

    /// <summary>Runs the program to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <returns>What it said.</returns>
    /// <exception cref="NatException">It cannot be run, or does not end.</exception>
    public async Task<ToolResult> RunAsync(IEnumerable<string> arguments, string input = "")
    {
        string[] line = [.. prefix, path, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["LC_ALL"] = "C";
        using var deadline = new CancellationTokenSource(Longest);
        using var process = Start(start);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            try
            {
                await process.StandardInput.WriteAsync(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading; its exit code says more.
            }

            await process.WaitForExitAsync(deadline.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new NatException($"{path} did not end within {Longest.TotalSeconds:0} s");
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new NatException($"{path} cannot be run: {exception.Message}");
        }
    }
}
