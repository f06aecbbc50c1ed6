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

    private static Task<string?> CheckAsync(EndPoint address, CancellationToken? cancellation = null) =>
        new TcpHealthProbe().CheckAsync(new Backend(address, address.ToString()!, "b"), cancellation ?? TestContext.Current.CancellationToken);
}
