using System.Diagnostics;
using System.Text;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>A program of this machine, such as openssl or nginx. Ends with the test.</summary>
internal sealed class ExternalProgram : IAsyncDisposable
{
    private static readonly string[] Folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ExternalProgram(string path, IEnumerable<string> arguments)
    {
        _process = new() { StartInfo = new(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true } };
        _process.OutputDataReceived += (_, line) => Keep(_output, line);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has written, its errors last: a line of theirs is never in the midst of something.</summary>
    public string Output => Kept(_output) + Kept(_errors);

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>Where a program is; the test is skipped when it is nowhere.</summary>
    public static string Find(string name)
    {
        var path = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{name} is not installed.");
        return path;
    }

    public static ExternalProgram Start(string name, params IEnumerable<string> arguments) => new(Find(name), arguments);

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string name, params IEnumerable<string> arguments)
    {
        await using var program = Start(name, arguments);
        program.Input.Close();
        return (await program.WaitAsync(), program.Output);
    }

    public async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).InTimeAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Keep(StringBuilder lines, DataReceivedEventArgs line)
    {
        lock (lines)
        {
            lines.AppendLine(line.Data);
        }
    }

    private static string Kept(StringBuilder lines)
    {
        lock (lines)
        {
            return lines.ToString();
        }
    }
}
