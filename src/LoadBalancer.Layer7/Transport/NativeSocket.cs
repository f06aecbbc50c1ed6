using System.Runtime.InteropServices;

namespace LoadBalancer.Layer7.Transport;

/// <summary>What Linux has and .NET's sockets do not show: one attempt that never waits, and readiness in batches.</summary>
internal static unsafe partial class NativeSocket
{
    public const int WouldBlock = 11;
    public const int Interrupted = 4;
    public const int InProgress = 115;
    public const int NotAvailable = 99;
    public const int NetworkUnreachable = 101;
    public const int ConnectionReset = 104;
    public const int ConnectionRefused = 111;
    public const int HostUnreachable = 113;

    // Never wait, and no signal when the other side has closed.
    public const int Flags = 0x40 | 0x4000;

    public const int AddToPoll = 1;

    public const uint In = 0x1;
    public const uint Out = 0x4;
    public const uint Error = 0x8;
    public const uint HangUp = 0x10;
    public const uint PeerClosed = 0x2000;
    public const uint EdgeTriggered = 1u << 31;

    // The kernel packs the structure on x64 alone.
    public static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    public static readonly int EventData = EventSize - sizeof(ulong);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(SafeHandle socket, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int CreatePoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int ControlPoll(int poll, int operation, SafeHandle socket, byte* pollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int WaitForEvents(int poll, byte* events, int count, int timeout);
}
