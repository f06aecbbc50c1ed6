using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>What a client or a backend does with a socket, each with a deadline.</summary>
internal static class SocketExtensions
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task<Socket> ConnectAsync(IPEndPoint address) => ConnectAsync(address, from: null);

    /// <summary>Connects from an address of this machine.</summary>
    public static async Task<Socket> ConnectAsync(IPEndPoint address, IPAddress? from)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (from is not null && from.AddressFamily == address.AddressFamily)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }

            await socket.ConnectAsync(address, TestContext.Current.CancellationToken).AsTask().InTimeAsync();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static async Task SendFullyAsync(this Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    public static Task SendTextAsync(this Socket socket, string text) => socket.SendFullyAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>Receives exactly as much text as is expected.</summary>
    public static async Task ReceivesAsync(this Socket socket, string expected)
    {
        var buffer = new byte[expected.Length];
        var length = 0;
        while (length < buffer.Length)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, TestContext.Current.CancellationToken).AsTask().InTimeAsync();
            Assert.True(received > 0, $"The connection ended after '{Encoding.ASCII.GetString(buffer, 0, length)}'.");
            length += received;
        }

        Assert.Equal(expected, Encoding.ASCII.GetString(buffer));
    }

    /// <summary>Receives exactly so many bytes.</summary>
    public static async Task<byte[]> ReceiveExactlyAsync(this Socket socket, int length)
    {
        var buffer = new byte[length];
        for (int received, end = 0; end < length; end += received)
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(end), SocketFlags.None, TestContext.Current.CancellationToken).AsTask().InTimeAsync();
            Assert.True(received > 0, $"The connection ended after {end} bytes of {length}.");
        }

        return buffer;
    }

    /// <summary>Receives until the other side has finished.</summary>
    public static async Task<byte[]> ReceiveToEndAsync(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int received; (received = await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, TestContext.Current.CancellationToken).AsTask().InTimeAsync()) > 0;)
        {
            all.Write(buffer, 0, received);
        }

        return all.ToArray();
    }

    public static async Task<string> ReceiveTextToEndAsync(this Socket socket) => Encoding.ASCII.GetString(await socket.ReceiveToEndAsync());

    /// <summary>Receives until the connection ends, which must be by a reset.</summary>
    public static async Task IsResetAsync(this Socket socket)
    {
        var exception = await Assert.ThrowsAsync<SocketException>(() => socket.ReceiveToEndAsync());
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }

    /// <summary>Connects where the connection is reset at once, perhaps before it is noticed to be there.</summary>
    public static async Task IsResetAsync(IPEndPoint address)
    {
        var exception = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var socket = await ConnectAsync(address);
            await socket.ReceiveToEndAsync();
        });
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }

    public static void Finish(this Socket socket) => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with a reset, as the kernel does for a process that dies with unread bytes.</summary>
    public static void Reset(this Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    public static async Task<T> InTimeAsync<T>(this Task<T> task) => await task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public static async Task InTimeAsync(this Task task) => await task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
