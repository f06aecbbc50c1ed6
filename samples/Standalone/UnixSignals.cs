using System.Runtime.InteropServices;

namespace Standalone;

/// <summary>Signals that .NET cannot send.</summary>
internal static partial class UnixSignals
{
    private const int Terminate = 15;

    /// <summary>Asks a process to stop.</summary>
    /// <returns>False where there is no such request, on Windows, or no such process.</returns>
    public static bool TryTerminate(int pid) => !OperatingSystem.IsWindows() && Kill(pid, Terminate) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
