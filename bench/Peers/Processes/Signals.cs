using System.Runtime.InteropServices;

namespace Peers.Processes;

/// <summary>Signals to process groups, which .NET cannot send.</summary>
internal static partial class Signals
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    public static void Terminate(int group) => _ = Kill(-group, SigTerm);

    public static void Kill(int group) => _ = Kill(-group, SigKill);

    public static bool Exists(int group) => Kill(-group, 0) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
