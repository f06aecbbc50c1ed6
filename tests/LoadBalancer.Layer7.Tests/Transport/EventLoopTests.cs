using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer7.Transport;

namespace LoadBalancer.Layer7.Tests.Transport;

public sealed class EventLoopTests
{
    [Fact]
    public async Task What_is_current_where_a_loop_is_made_is_not_current_on_it()
    {
        Assert.SkipUnless(EventLoop.IsSupported, "This machine has no event loops.");
        var current = new AsyncLocal<string>();
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var other = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);

        current.Value = "a request";
        var channel = new LoopChannel(socket, new EventLoop(0)) { Stirred = _ => seen.TrySetResult(current.Value) };
        channel.Start();
        await other.SendAsync("x"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Null(await seen.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        channel.Close();
    }
}
