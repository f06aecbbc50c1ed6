using System.Diagnostics;

namespace Standalone;

/// <summary>
/// A shell that is told of every process and reads until this program is gone, however it goes:
/// what still runs then is asked to stop. Windows has none.
/// </summary>
internal sealed class OrphanGuard : IDisposable
{
    private const string Shell = "/bin/sh";

    private const string Script = """
        trap '' INT TERM HUP
        pids=' '
        while read -r what pid; do
          case $what in
            add) pids="$pids$pid " ;;
            remove) pids="${pids%% $pid *} ${pids#* $pid }" ;;
          esac
        done
        for pid in $pids; do kill -TERM "$pid"; done
        """;

    private readonly Lock _lock = new();
    private readonly Process? _shell = File.Exists(Shell)
        ? Process.Start(new ProcessStartInfo(Shell, ["-c", Script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })
        : null;

    public void Add(int pid) => Tell($"add {pid}");

    public void Remove(int pid) => Tell($"remove {pid}");

    public void Dispose()
    {
        if (_shell is not null)
        {
            _shell.StandardInput.Close();
            _shell.WaitForExit();
            _shell.Dispose();
        }
    }

    private void Tell(string line)
    {
        lock (_lock)
        {
            _shell?.StandardInput.WriteLine(line);
            _shell?.StandardInput.Flush();
        }
    }
}
