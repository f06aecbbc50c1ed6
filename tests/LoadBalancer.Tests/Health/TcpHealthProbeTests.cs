using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Health;

namespace LoadBalancer.Tests.Health;

public sealed class TcpHealthProbeTests
{
    [Fact]
    public async Task A_backend_that_accepts_passes_and_gets_a_clean_end()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        Assert.Null(await CheckAsync(listener.LocalEndpoint));

        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_backend_that_refuses_fails()
    {
        using var bound = new Socket(SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.Equal("connect failed: ConnectionRefused", await CheckAsync(bound.LocalEndPoint!));
    }

    [Fact]
    public async Task A_host_name_that_does_not_exist_fails() =>
        Assert.StartsWith("connect failed: ", await CheckAsync(new DnsEndPoint("no-such-host.invalid", 80)), StringComparison.Ordinal);

    [Fact]
    public async Task A_check_ends_when_its_time_is_over()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CheckAsync(new IPEndPoint(IPAddress.Loopback, 9), cancelled.Token));
    }

    [Fact]
    public async Task What_is_to_be_sent_is_sent_and_the_answer_may_come_in_pieces()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync(listener.LocalEndpoint, probe: new TcpHealthProbe("PING\r\n", "+PONG"));
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var asked = new byte[6];
        for (var length = 0; length < asked.Length;)
        {
            length += await accepted.ReceiveAsync(asked.AsMemory(length), TestContext.Current.CancellationToken);
        }

        accepted.NoDelay = true;
        await accepted.SendAsync("-LOADING\r\n+PO"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.False(check.IsCompleted);
        await accepted.SendAsync("NG\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Null(await check);
        Assert.Equal("PING\r\n"u8.ToArray(), asked);
    }

    [Fact]
    public async Task A_greeting_is_enough_where_nothing_is_sent()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync(listener.LocalEndpoint, probe: new TcpHealthProbe(expect: "220 "));
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await accepted.SendAsync("220 mail ready\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Null(await check);
    }

    [Fact]
    public async Task A_backend_that_closes_without_the_answer_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync(listener.LocalEndpoint, probe: new TcpHealthProbe(expect: "+PONG"));
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await accepted.SendAsync("-ERR"u8.ToArray(), TestContext.Current.CancellationToken);
        accepted.Shutdown(SocketShutdown.Send);

        Assert.Equal("closed after 4 bytes without '+PONG'", await check);
    }

    [Fact]
    public async Task A_backend_that_sends_anything_but_the_answer_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync(listener.LocalEndpoint, probe: new TcpHealthProbe(expect: "+PONG"));
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await accepted.SendAsync(new byte[16 * 1024], TestContext.Current.CancellationToken);

        Assert.Equal("sent 16384 bytes without '+PONG'", await check);
    }

    [Fact]
    public async Task A_backend_that_resets_instead_of_answering_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync(listener.LocalEndpoint, probe: new TcpHealthProbe("PING", "+PONG"));
        var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        // What was sent shows that the connection stands at the other end.
        await accepted.ReceiveAsync(new byte[4], TestContext.Current.CancellationToken);
        accepted.LingerState = new(enable: true, seconds: 0);
        accepted.Dispose();

        Assert.Equal("connected, then failed: ConnectionReset", await check);
    }

    [Fact]
    public async Task A_backend_behind_a_unix_socket_is_checked_like_any_other()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sock");
        var address = new UnixDomainSocketEndPoint(path);
        Assert.StartsWith("connect failed: ", await CheckAsync(address), StringComparison.Ordinal);

        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen();
        Assert.Null(await CheckAsync(address));
    }

    private static Task<string?> CheckAsync(EndPoint address, CancellationToken? cancellation = null, TcpHealthProbe? probe = null) =>
        (probe ?? new()).CheckAsync(new Backend(address, address.ToString()!, "b"), cancellation ?? TestContext.Current.CancellationToken);
}
