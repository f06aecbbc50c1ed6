using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>
/// A pipe through which the kernel moves bytes from one socket to another without copying them into this process
/// (Linux, splice(2)). Rented, since making one takes two file descriptors and several system calls.
/// </summary>
internal sealed partial class SplicePipe : IDisposable
{
    /// <summary>What one pipe takes at a time; the kernel's own limit for processes without privileges is 1 MiB.</summary>
    private const int Capacity = 512 * 1024;

    private const int MostPooled = 64;

    // <fcntl.h>
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SetPipeSize = 1031;

    // splice(2): move pages, do not block.
    private const uint Flags = 1 | 2;

    // <errno.h>
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    private static readonly ConcurrentBag<SplicePipe> Pool = [];
    private static int _pooled;

    private readonly SafeFileHandle _output;
    private readonly SafeFileHandle _input;

    private SplicePipe(SafeFileHandle output, SafeFileHandle input)
    {
        _output = output;
        _input = input;
    }

    /// <summary>Bytes that are in the pipe.</summary>
    public int Length { get; private set; }

    /// <summary>Takes a pipe, if the system has one to give.</summary>
    /// <returns>An empty pipe; null where there are none.</returns>
    public static SplicePipe? TryRent()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        if (Pool.TryTake(out var pooled))
        {
            Interlocked.Decrement(ref _pooled);
            return pooled;
        }

        Span<int> descriptors = stackalloc int[2];
        if (MakePipe(descriptors, CloseOnExec | NonBlocking) != 0)
        {
            return null;
        }

        var pipe = new SplicePipe(new(descriptors[0], ownsHandle: true), new(descriptors[1], ownsHandle: true));
        // Where a user has used up what pipes may take, it stays at 64 KiB, which works as well.
        _ = Control(pipe._input, SetPipeSize, Capacity);
        return pipe;
    }

    /// <summary>Moves what a socket has received into the pipe.</summary>
    /// <returns>The bytes moved; 0 when the peer has finished; negative when nothing is there.</returns>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public int Fill(Socket source)
    {
        var moved = Move(source.SafeHandle, 0, _input, 0, Capacity, Flags);
        if (moved < 0)
        {
            Check();
        }

        Length += (int)Math.Max(0, moved);
        return (int)moved;
    }

    /// <summary>Moves bytes from the pipe to a socket.</summary>
    /// <returns>The bytes moved; 0 when the socket takes no more at the moment.</returns>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public int Empty(Socket destination)
    {
        var moved = Move(_output, 0, destination.SafeHandle, 0, (nuint)Length, Flags);
        if (moved < 0)
        {
            Check();
        }

        var count = (int)Math.Max(0, moved);
        Length -= count;
        return count;
    }

    /// <summary>Copies bytes out of the pipe: for a socket that has to be waited for.</summary>
    public int Read(Span<byte> buffer)
    {
        var count = Read(_output, buffer, (nuint)buffer.Length);
        Length -= (int)count;
        return (int)count;
    }

    /// <summary>Gives the pipe back. One that is not empty is closed: its bytes are somebody else's.</summary>
    public void Dispose()
    {
        if (Length == 0 && Interlocked.Increment(ref _pooled) <= MostPooled)
        {
            Pool.Add(this);
            return;
        }

        if (Length == 0)
        {
            Interlocked.Decrement(ref _pooled);
        }

        _output.Dispose();
        _input.Dispose();
    }

    private static void Check()
    {
        if (Marshal.GetLastPInvokeError() is not (TryAgain or Interrupted) and var error)
        {
            throw new SocketException(error);
        }
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int MakePipe(Span<int> descriptors, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    private static partial nint Move(SafeHandle source, nint sourceOffset, SafeHandle destination, nint destinationOffset, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeHandle descriptor, Span<byte> buffer, nuint length);
}
