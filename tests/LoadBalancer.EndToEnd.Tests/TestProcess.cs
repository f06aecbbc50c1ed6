using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>A program that a test starts, with its output, and that does not outlive the test.</summary>
internal sealed partial class TestProcess : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private TestProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Both streams, as they came.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="assembly">Its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Added to the test's.</param>
    /// <param name="prefix">A program that starts it.</param>
    /// <param name="isRead">Whether anybody reads what it writes.</param>
    public static TestProcess Start(string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, IReadOnlyList<string>? prefix = null, bool isRead = true)
    {
        string[] line = [.. prefix ?? [], Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", assembly, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var result = new TestProcess(Process.Start(start)!);
        result._process.OutputDataReceived += (_, line) => result.Append(line.Data);
        result._process.ErrorDataReceived += (_, line) => result.Append(line.Data);
        if (isRead)
        {
            result._process.BeginOutputReadLine();
            result._process.BeginErrorReadLine();
        }

        return result;
    }

    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Asks it to stop, as a container runtime, DCP or systemd does.</summary>
    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SigTerm));

    /// <summary>Ends it without a word, as the kernel does when memory is short.</summary>
    public void Kill() => Assert.Equal(0, Kill(_process.Id, SigKill));

    public async Task<int> WaitForExitAsync(TimeSpan? patience = null)
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(patience ?? Wait.Patience);
        return _process.ExitCode;
    }

    public async Task WaitForOutputAsync(string text) => await Wait.UntilAsync(
        () => Task.FromResult(Output.Contains(text) || (HasExited ? throw new InvalidOperationException($"ended with exit code {_process.ExitCode}:\n{Output}") : false)),
        () => $"'{text}' in the output:\n{Output}");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, SigTerm);
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    private void Append(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
