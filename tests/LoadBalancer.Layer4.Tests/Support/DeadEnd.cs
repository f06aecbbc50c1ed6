using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>Addresses on loopback where no connection succeeds.</summary>
internal sealed class DeadEnd : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public required IPEndPoint Address { get; init; }

    /// <summary>Bound and not listening: refuses at once, and nobody else can take the port.</summary>
    public static DeadEnd Refusing()
    {
        var socket = Bound();
        return new DeadEnd { Address = (IPEndPoint)socket.LocalEndPoint!, _sockets = { socket } };
    }

    /// <summary>Listening with a full queue: the kernel drops every SYN, so that a connection hangs.</summary>
    public static async Task<DeadEnd> SilentAsync()
    {
        var listener = Bound();
        listener.Listen(0);
        var silent = new DeadEnd { Address = (IPEndPoint)listener.LocalEndPoint!, _sockets = { listener } };
        while (true)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            silent._sockets.Add(filler);
            var connecting = filler.ConnectAsync(silent.Address);
            if (await Task.WhenAny(connecting, Task.Delay(200, TestContext.Current.CancellationToken)) != connecting)
            {
                _ = connecting.ContinueWith(static task => task.Exception, TaskScheduler.Default);
                return silent;
            }

            await connecting;
        }
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
