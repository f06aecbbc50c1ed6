using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Tests.ProxyProtocol;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>Headers of proxies in front of an HTTP listener.</summary>
public sealed class ProxyProtocolTests
{
    private const string Get = "GET /x HTTP/1.1\r\nHost: edge\r\n\r\n";
    private const string Line = "PROXY TCP4 203.0.113.9 192.0.2.2 1024 443\r\n";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Accepted => new()
    {
        { Line, "203.0.113.9" },
        { "PROXY TCP6 2001:db8::1 2001:db8::2 1024 443\r\n", "2001:db8::1" },
        { "PROXY UNKNOWN\r\n", "127.0.0.1" },
        { Binary(0x21, 0x11, Headers.IPv4Addresses), "192.0.2.1" },
        { Binary(0x21, 0x21, Headers.IPv6Addresses), "2001:db8::1" },
        { Binary(0x20, 0x00, ""), "127.0.0.1" },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public async Task The_header_of_a_trusted_proxy_names_the_client(string header, string client)
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options());

        var answer = await RawAnswer.OfAsync(balancer.Uri, header + Get);

        Assert.Equal(200, answer.Status);
        Assert.Equal([client], answer.SeenHeader("X-Forwarded-For"));
    }

    [Fact]
    public async Task A_header_may_come_in_pieces()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options());
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(balancer.Uri.Host, balancer.Uri.Port, Cancelled);
        foreach (var c in Line + Get[..5])
        {
            await client.GetStream().WriteAsync(new[] { (byte)c }, Cancelled);
        }

        var answer = await RawAnswer.OfAsync(balancer.Uri, Get[5..], client.GetStream());

        Assert.Equal(["203.0.113.9"], answer.SeenHeader("X-Forwarded-For"));
    }

    [Fact]
    public async Task It_comes_before_TLS_and_holds_for_every_request_of_the_connection()
    {
        await using var backend = new RawBackend();
        var options = Options();
        options.Layer7.Listeners["https"] = options.Layer7.Listeners["http"] with { Tls = new() };
        await using var balancer = await backend.StartBalancerAsync(options);
        var address = balancer.UriOf("https");
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancelled);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Line), Cancelled);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: true, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("edge");

        for (var i = 0; i < 2; i++)
        {
            var answer = await RawAnswer.OfAsync(address, Get, tls);
            Assert.Equal(["203.0.113.9"], answer.SeenHeader("X-Forwarded-For"));
            Assert.Equal(["https"], answer.SeenHeader("X-Forwarded-Proto"));
        }
    }

    [Theory]
    [InlineData(Get)]
    [InlineData("PROXY TCP4 203.0.113.9 192.0.2.2 99999 443\r\n" + Get)]
    [InlineData("PROXY TCP4 203.0.113.9\n" + Get)]
    public async Task A_trusted_proxy_that_sends_none_is_cut_off(string bytes)
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options());

        Assert.True(await IsCutOffAsync(balancer.Uri, bytes));
        Assert.Equal(0, backend.Requests);
        Assert.Equal(1, balancer.Listener("http").Refused);
    }

    [Fact]
    public async Task One_that_is_silent_is_cut_off_in_time()
    {
        await using var backend = new RawBackend();
        var options = Options();
        options.Layer7.Listeners["http"].ProxyProtocol!.Timeout = TimeSpan.FromMilliseconds(150);
        await using var balancer = await backend.StartBalancerAsync(options);

        Assert.True(await IsCutOffAsync(balancer.Uri, "PROXY TC"));
        Assert.True(await IsCutOffAsync(balancer.Uri, ""));
        Assert.Equal(2, balancer.Listener("http").Refused);
    }

    [Fact]
    public async Task Nobody_else_can_say_who_it_is()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options("192.0.2.0/24"));

        // To HTTP the line is a bad request.
        Assert.Equal(400, (await RawAnswer.OfAsync(balancer.Uri, Line + Get)).Status);
        Assert.Equal(["127.0.0.1"], (await RawAnswer.OfAsync(balancer.Uri, Get)).SeenHeader("X-Forwarded-For"));
        Assert.Equal(1, backend.Requests);
    }

    [Fact]
    public async Task It_begins_and_ends_with_the_configuration()
    {
        await using var backend = new RawBackend();
        var without = TestBalancer.Options(("all", new()));
        await using var balancer = await backend.StartBalancerAsync(without);
        var port = balancer.Uri.Port;
        var with = Options();
        with.Pools["web"] = without.Pools["web"];

        await balancer.ApplyAsync(with);
        Assert.Equal(["203.0.113.9"], (await RawAnswer.OfAsync(balancer.Uri, Line + Get)).SeenHeader("X-Forwarded-For"));

        await balancer.ApplyAsync(without);
        Assert.Equal(["127.0.0.1"], (await RawAnswer.OfAsync(balancer.Uri, Get)).SeenHeader("X-Forwarded-For"));
        Assert.Equal(port, balancer.Uri.Port);
    }

    [Fact]
    public async Task A_proxy_behind_the_header_can_be_trusted_in_turn()
    {
        await using var backend = new RawBackend();
        var options = Options();
        options.Layer7.ForwardedHeaders = new() { TrustedNetworks = ["203.0.113.0/24"] };
        await using var balancer = await backend.StartBalancerAsync(options);

        var answer = await RawAnswer.OfAsync(balancer.Uri, Line + "GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");

        Assert.Equal(["198.51.100.1, 203.0.113.9"], answer.SeenHeader("X-Forwarded-For"));
    }

    [Fact]
    public async Task curl_speaks_it()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options());
        using var curl = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("curl", ["--silent", "--haproxy-protocol", balancer.Uri.ToString()]) { RedirectStandardOutput = true })!;

        var output = await curl.StandardOutput.ReadToEndAsync(Cancelled);
        await curl.WaitForExitAsync(Cancelled);

        Assert.Contains("X-Forwarded-For: 127.0.0.1\r\n", output);
    }

    private static LoadBalancerOptions Options(string trusted = "127.0.0.1")
    {
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Listeners["http"].ProxyProtocol = new() { TrustedNetworks = [trusted] };
        return options;
    }

    private static string Binary(int command, int family, string rest) => Encoding.Latin1.GetString(Headers.V2((byte)command, (byte)family, rest));

    private static async Task<bool> IsCutOffAsync(Uri address, string bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancelled);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(bytes), Cancelled);
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], Cancelled) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
