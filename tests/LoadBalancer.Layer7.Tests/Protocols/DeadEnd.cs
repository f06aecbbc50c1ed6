using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>An address on loopback that listens with a full queue: the kernel drops every SYN, so that a connection hangs.</summary>
internal sealed class DeadEnd : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public required IPEndPoint Address { get; init; }

    public static async Task<DeadEnd> SilentAsync()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
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
}
