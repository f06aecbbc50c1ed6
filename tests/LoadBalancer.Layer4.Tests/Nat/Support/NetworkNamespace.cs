using System.Runtime.InteropServices;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>Runs code in a named network namespace: what it opens stays there.</summary>
internal static partial class NetworkNamespace
{
    // <linux/sched.h>: CLONE_NEWNET.
    private const int Network = 0x40000000;

    public static T Run<T>(string name, Func<T> function)
    {
        T? result = default;
        Exception? failure = null;
        // A thread of its own: it is never in the namespace of the process again.
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{name}");
                if (SetNamespace(file, Network) != 0)
                {
                    throw new InvalidOperationException($"setns({name}): {Marshal.GetLastPInvokeErrorMessage()}");
                }

                result = function();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException($"in {name}: {failure.Message}", failure);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle file, int type);
}
