using System.Diagnostics;

namespace Peers.Processes;

/// <summary>
/// A shell that is told of every process group and reads until this program is gone, however it goes, even by
/// SIGKILL: what still runs then is killed.
/// </summary>
internal sealed class OrphanGuard : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP
        groups=' '
        while read -r what group; do
          case $what in
            add) groups="$groups$group " ;;
            remove) groups="${groups%% $group *} ${groups#* $group }" ;;
          esac
        done
        for group in $groups; do kill -s KILL -- "-$group"; done
        """;

    private readonly Lock _lock = new();
    private readonly Process _shell =
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    public void Add(int group) => Tell($"add {group}");

    public void Remove(int group) => Tell($"remove {group}");

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Tell(string line)
    {
        lock (_lock)
        {
            _shell.StandardInput.WriteLine(line);
            _shell.StandardInput.Flush();
        }
    }
}
