using System.Runtime.InteropServices;

namespace Peers.Machine;

/// <summary>How many files and sockets this process may have, and every process that it starts.</summary>
internal static partial class FileLimit
{
    private const int NoFile = 7;
    private const ulong Wanted = 65536;

    /// <summary>Raises the limit where that is allowed: root may go beyond the hard limit.</summary>
    /// <returns>The limit now.</returns>
    public static int Raise()
    {
        _ = GetLimit(NoFile, out var limit);
        if (limit.Current < Wanted)
        {
            var raised = new Limit { Current = Wanted, Maximum = Math.Max(Wanted, limit.Maximum) };
            limit = SetLimit(NoFile, raised) == 0 ? raised : limit;
        }

        return (int)Math.Min(limit.Current, int.MaxValue);
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
