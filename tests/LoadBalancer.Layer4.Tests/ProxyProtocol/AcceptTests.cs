using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.ProxyProtocol;
using LoadBalancer.Tests.ProxyProtocol;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Tests.ProxyProtocol;

/// <summary>Headers of proxies in front of a listener.</summary>
public sealed class AcceptTests
{
    private static readonly IPAddress Trusted = IPAddress.Parse("127.0.5.1");
    private static readonly IPAddress Untrusted = IPAddress.Parse("127.0.6.1");
    private static readonly Layer4ListenerOptions Options = new() { ProxyProtocol = new() { TrustedNetworks = ["127.0.5.0/24"], Timeout = TimeSpan.FromMinutes(1) } };

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n", "192.0.2.1:1024")]
    [InlineData("PROXY TCP6 2001:db8::1 2001:db8::2 1024 443\r\n", "[2001:db8::1]:1024")]
    [InlineData("PROXY UNKNOWN\r\n", null)]
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", null)]
    public async Task A_line_of_a_trusted_proxy_is_taken_out_and_names_the_client(string line, string? client) => await IsTakenAsync(Headers.Text(line), client);

    [Theory]
    [InlineData(0x21, 0x11, Headers.IPv4Addresses, "192.0.2.1:1024")]
    [InlineData(0x21, 0x21, Headers.IPv6Addresses, "[2001:db8::1]:1024")]
    [InlineData(0x20, 0x00, "", null)]
    [InlineData(0x20, 0x11, Headers.IPv4Addresses, null)]
    [InlineData(0x21, 0x00, "", null)]
    public async Task A_binary_header_of_a_trusted_proxy_is_taken_out_and_names_the_client(int command, int family, string rest, string? client) =>
        await IsTakenAsync(Headers.V2((byte)command, (byte)family, rest), client);

    [Fact]
    public async Task A_header_may_come_in_pieces()
    {
        var header = Headers.V2(0x21, 0x21, Headers.IPv6Addresses + Headers.Vector(VersionTwoReader.UniqueIdType, "0102"));
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);

        foreach (var part in header.Chunk(1))
        {
            await proxy.SendFullyAsync(part);
            // The kernel may still put some together; each way of doing so must do.
            await Task.Yield();
        }

        await proxy.SendTextAsync("data");
        await proxy.ReceivesAsync("data");
        Assert.Equal("[2001:db8::1]:1024", Assert.Single(balancer.Connections).Client);
    }

    [Fact]
    public async Task A_header_cut_by_segments_that_the_balancer_sees_one_by_one_is_read()
    {
        var header = Headers.V2(0x21, 0x11, Headers.IPv4Addresses);
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        foreach (var cut in new[] { 1, 12, 13, 14, 15, 16, 20, header.Length - 1 })
        {
            using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
            await proxy.SendFullyAsync(header.AsMemory(..cut));
            await IsReadAsync(balancer, proxy);
            await proxy.SendFullyAsync((byte[])[.. header[cut..], (byte)'x']);
            await proxy.ReceivesAsync("x");
        }
    }

    [Fact]
    public async Task A_header_comes_before_a_hello_of_which_no_byte_is_lost()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.WithPoolsAsync(new() { ["named"] = [backend.Address] });
        await balancer.ApplyAsync(options => options.Layer4.Listeners["tls"] = Options with
        {
            Address = "127.0.0.1:0",
            TlsRoutes = new() { ["named"] = new() { ServerNames = ["curl.example"], Pool = "named" } },
        });
        var hello = Tls.RecordedHello.Read("curl");
        using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);

        await proxy.SendFullyAsync((byte[])[.. Headers.Text("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n"), .. hello]);

        Assert.Equal(hello, await proxy.ReceiveExactlyAsync(hello.Length));
        Assert.Equal(("192.0.2.1:1024", "curl.example"), (balancer.Connections[0].Client, balancer.Connections[0].ServerName));
    }

    [Fact]
    public async Task Who_is_not_trusted_gets_a_header_passed_on_as_what_it_is_bytes()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        using var client = await SocketExtensions.ConnectAsync(balancer.Address, Untrusted);
        const string Line = "PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n";

        await client.SendTextAsync(Line);

        await client.ReceivesAsync(Line);
        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
    }

    [Fact]
    public async Task By_default_nobody_is_trusted()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();

        await client.SendTextAsync("PROXY UNKNOWN\r\n");

        await client.ReceivesAsync("PROXY UNKNOWN\r\n");
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024\r\n")]
    [InlineData("PROXY UNKNOWN                                                                                                   \r\n")]
    public async Task A_trusted_proxy_without_a_valid_header_is_closed_counted_and_logged_once(string bytes)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);

        await proxy.SendTextAsync(bytes);

        await proxy.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Listener is { Refused: 1, Active: 0 });
        Assert.Equal(new Dictionary<string, long> { ["BadProxyHeader"] = 1 }, balancer.Listener.Refusals);
        Assert.Equal(LogLevel.Debug, Assert.Single(balancer.Log.With(proxy.LocalEndPoint!.ToString()!)).Level);
        Assert.Equal(0, backend.Accepted);
    }

    [Fact]
    public async Task The_longest_line_has_107_bytes()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        foreach (var (length, passes) in new[] { (107, true), (108, false) })
        {
            using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
            await proxy.SendTextAsync("PROXY UNKNOWN ".PadRight(length - 2, 'x') + "\r\n!");
            if (passes)
            {
                await proxy.ReceivesAsync("!");
            }
            else
            {
                await proxy.IsResetAsync();
            }
        }
    }

    [Fact]
    public async Task A_trusted_proxy_whose_header_does_not_come_in_time_is_closed()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options with { ProxyProtocol = Options.ProxyProtocol! with { Timeout = TimeSpan.FromSeconds(2) } });
        using var silent = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
        using var halfway = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
        await halfway.SendTextAsync("PROXY TCP4 192");

        await silent.IsResetAsync();
        await halfway.IsResetAsync();

        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("BadProxyHeader") == 2);
    }

    [Fact]
    public async Task Networks_and_rates_are_of_the_client_and_not_of_the_proxy()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options with { DeniedNetworks = ["192.0.2.0/24", "2001:db8::/32"], AllowedNetworks = ["192.0.0.0/8", "198.51.100.0/24", "2001::/16"] });

        Assert.Null(await AskAsync("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n"));
        Assert.Null(await AskAsync("PROXY TCP6 2001:db8::1 2001:db8::2 1024 443\r\n"));
        Assert.Null(await AskAsync("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1024 443\r\n"));
        Assert.Null(await AskAsync("PROXY UNKNOWN\r\n"));
        Assert.Equal("in", await AskAsync("PROXY TCP4 198.51.100.1 192.0.2.2 1024 443\r\n"));
        Assert.Equal("in", await AskAsync("PROXY TCP6 2001:db9::1 2001:db8::2 1024 443\r\n"));
        Assert.Equal(4, balancer.Listener.Refusals["Denied"]);

        async Task<string?> AskAsync(string line)
        {
            using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
            await proxy.SendTextAsync(line);
            try
            {
                return await proxy.ReceiveTextToEndAsync();
            }
            catch (SocketException)
            {
                return null;
            }
        }
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1)]
    [InlineData(ProxyProtocolVersion.V2)]
    public async Task What_a_proxy_said_is_passed_on_with_its_id(ProxyProtocolVersion version)
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options, pool: new() { SendProxyProtocol = version });
        using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);
        await proxy.SendFullyAsync((byte[])[.. Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(VersionTwoReader.UniqueIdType, "616263")), .. "data"u8.ToArray()]);
        proxy.Finish();
        using var server = await backend.AcceptAsync();

        var received = await server.ReceiveToEndAsync();

        var header = ProxyHeaderReader.Read(received);
        Assert.Equal((version, IPEndPoint.Parse("192.0.2.1:1024"), IPEndPoint.Parse("192.0.2.2:443")), (header.Header!.Version, header.Header.Source, header.Header.Destination));
        Assert.Equal(version == ProxyProtocolVersion.V2 ? "abc" : "", Encoding.ASCII.GetString(header.Header.UniqueId.Span));
        Assert.Equal("data", Encoding.ASCII.GetString(received.AsSpan(header.Consumed)));
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1, "127.0.0.1:0")]
    [InlineData(ProxyProtocolVersion.V2, "127.0.0.1:0")]
    [InlineData(ProxyProtocolVersion.V1, "[::1]:0")]
    [InlineData(ProxyProtocolVersion.V2, "[::1]:0")]
    [InlineData(ProxyProtocolVersion.V2, "*:0")]
    public async Task A_backend_learns_the_addresses_of_the_client_and_of_the_listener_before_the_first_byte(ProxyProtocolVersion version, string address)
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = address }, pool: new() { SendProxyProtocol = version });
        var target = address[0] == '*' ? new(IPAddress.Loopback, balancer.Address.Port) : balancer.Address;
        using var client = await SocketExtensions.ConnectAsync(target);
        using var server = await backend.AcceptAsync();

        // It comes though the client says nothing: the server may be the one to begin.
        var bytes = new byte[ProxyHeaderWriter.MaxLength];
        var length = await server.ReceiveAsync(bytes.AsMemory(), SocketFlags.None, TestContext.Current.CancellationToken).AsTask().InTimeAsync();

        var result = ProxyHeaderReader.Read(bytes.AsSpan(..length));
        Assert.Equal((version, (EndPoint?)client.LocalEndPoint, (EndPoint?)target, length), (result.Header!.Version, result.Header.Source, result.Header.Destination, result.Consumed));
        await client.SendTextAsync("then");
        await server.ReceivesAsync("then");
        // Counted a moment after they were sent.
        await Eventually.TrueAsync(() => Assert.Single(balancer.Connections).BytesToBackend == 4);
    }

    private static async Task IsTakenAsync(byte[] header, string? client)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Options);
        using var proxy = await SocketExtensions.ConnectAsync(balancer.Address, Trusted);

        // In one segment with the first data, as proxies send it.
        await proxy.SendFullyAsync((byte[])[.. header, .. "data"u8.ToArray()]);

        await proxy.ReceivesAsync("data");
        Assert.Equal(client ?? proxy.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
        await proxy.SendTextAsync("more");
        await proxy.ReceivesAsync("more");
        Assert.Equal(0, balancer.Listener.Refused);
    }

    // The listener's end of the connection has an empty receive queue, the second column of ss.
    private static async Task IsReadAsync(TestBalancer balancer, Socket proxy)
    {
        await Eventually.TrueAsync(() => balancer.Listener.Active > 0);
        string queued;
        do
        {
            var (_, output) = await ExternalProgram.RunAsync("ss", "-Htn", "state", "established", $"sport = :{balancer.Address.Port} and dport = :{((IPEndPoint)proxy.LocalEndPoint!).Port}");
            queued = output.Split(' ', StringSplitOptions.RemoveEmptyEntries).First();
        }
        while (queued != "0");
    }
}
