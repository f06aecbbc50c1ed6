using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tcp;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class SocketOptionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Options_are_really_set(bool noDelay)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        TcpOptions.Apply(socket, new() { NoDelay = noDelay, KeepAlive = new() { Time = TimeSpan.FromSeconds(77), Interval = TimeSpan.FromSeconds(11), Count = 5 } });

        Assert.Equal(noDelay, socket.NoDelay);
        Assert.Equal(1, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(77, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        Assert.Equal(11, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
        Assert.Equal(5, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
    }

    // The kernel shows the timer of a socket: keepalive with what is left of its time, or none at all.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Both_sides_of_a_connection_probe_when_configured(bool probing)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { KeepAlive = probing ? new() { Time = TimeSpan.FromMinutes(90) } : null });
        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("x");
        await client.ReceivesAsync("x");

        var toClient = await TimersAsync($"sport = :{balancer.Address.Port} and dport = :{((IPEndPoint)client.LocalEndPoint!).Port}");
        var toBackend = await TimersAsync($"dport = :{backend.Address.Port}");

        Assert.Matches(probing ? "timer:\\(keepalive,(8[89]|90)min" : "^((?!timer:\\(keepalive).)*$", toClient);
        Assert.Matches(probing ? "timer:\\(keepalive,(8[89]|90)min" : "^((?!timer:\\(keepalive).)*$", toBackend);
    }

    [Fact]
    public async Task The_backlog_is_the_configured_one()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Backlog = 37 });

        var (_, output) = await ExternalProgram.RunAsync("ss", "-Hltn", $"sport = :{balancer.Address.Port}");

        // A listening socket's Send-Q is its backlog.
        Assert.Equal("37", output.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    [Fact]
    public async Task Two_balancers_share_a_port_when_both_say_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SO_REUSEPORT spreads connections on Linux only.");
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var first = await TestBalancer.StartAsync([one.Address], new() { ReusePort = true });
        await using var second = await TestBalancer.StartAsync([two.Address], new() { ReusePort = true, Address = first.Address.ToString() });

        var answers = new HashSet<string>();
        // The kernel hashes ports and addresses: that 200 connections all fall to one has no chance worth the name.
        for (var i = 0; i < 200 && answers.Count < 2; i++)
        {
            answers.Add(await first.AskAsync());
        }

        Assert.Equal(["one", "two"], answers.Order());
    }

    [Fact]
    public async Task Without_it_the_port_is_taken()
    {
        await using var backend = TestBackend.Named("one");
        await using var first = await TestBalancer.StartAsync([backend.Address], new() { ReusePort = true });

        await Assert.ThrowsAsync<ListenException>(() => TestBalancer.StartAsync([backend.Address], new() { Address = first.Address.ToString() }));
    }

    private static async Task<string> TimersAsync(string filter)
    {
        var (exitCode, output) = await ExternalProgram.RunAsync("ss", "-Htno", "state", "established", filter);
        Assert.Equal(0, exitCode);
        return Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}
