using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.Machine;
using LoadBalancer.ProxyProtocol;

namespace LoadBalancer.Layer4.Tests.ProxyProtocol;

/// <summary>nginx and HAProxy before and behind the balancer.</summary>
public sealed class RealProxiesTests : IDisposable
{
    private static readonly Layer4ListenerOptions Trusting = new() { ProxyProtocol = new() { TrustedNetworks = ["127.0.0.0/8", "::1"] } };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("send-proxy", "127.0.0.1")]
    [InlineData("send-proxy-v2", "127.0.0.1")]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c", "127.0.0.1")]
    [InlineData("send-proxy", "[::1]")]
    [InlineData("send-proxy-v2", "[::1]")]
    public async Task HAProxy_in_front_tells_who_the_client_is(string option, string host)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Trusting with { Address = $"{host}:0" });
        var front = new IPEndPoint(IPAddress.Parse(host), FreePorts.Take());
        await using var proxy = await StartHAProxyAsync(front, $"listen front\n  mode tcp\n  bind {front}\n  server balancer {balancer.Address} {option}\n");

        await KnowsItsClientAsync(balancer, front);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Nginx_in_front_tells_who_the_client_is(string host)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Trusting with { Address = $"{host}:0" });
        var front = new IPEndPoint(IPAddress.Parse(host), FreePorts.Take());
        await using var proxy = await StartNginxAsync(front, $"server {{ listen {front}; proxy_pass {balancer.Address}; proxy_protocol on; }}");

        await KnowsItsClientAsync(balancer, front);
    }

    [Fact]
    public async Task HAProxys_health_checks_are_connections_of_its_own_and_no_refusals()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Trusting);
        var front = new IPEndPoint(IPAddress.Loopback, FreePorts.Take());
        // The interval is also how long a check may take to connect: one that is given up then is a connection without a header.
        await using var proxy = await StartHAProxyAsync(
            front, $"listen front\n  mode tcp\n  bind {front}\n  server balancer {balancer.Address} send-proxy-v2 check check-send-proxy inter 500ms\n");

        await Eventually.TrueAsync(() => balancer.Listener.Accepted >= 5);

        await KnowsItsClientAsync(balancer, front);
        Assert.Equal(0, balancer.Listener.Refused);
    }

    [Fact]
    public async Task The_id_that_HAProxy_gives_a_connection_reaches_the_backend()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], Trusting, pool: new() { SendProxyProtocol = ProxyProtocolVersion.V2 });
        var front = new IPEndPoint(IPAddress.Loopback, FreePorts.Take());
        await using var proxy = await StartHAProxyAsync(
            front, $"listen front\n  mode tcp\n  bind {front}\n  unique-id-format %ci:%cp-fixed\n  server balancer {balancer.Address} send-proxy-v2 proxy-v2-options unique-id,crc32c\n");
        // The one that found out whether HAProxy listens.
        (await backend.AcceptAsync()).Dispose();
        using var client = await SocketExtensions.ConnectAsync(front);
        await client.SendTextAsync("x");
        client.Finish();
        using var server = await backend.AcceptAsync();

        var header = ProxyHeaderReader.Read(await server.ReceiveToEndAsync()).Header!;

        Assert.Equal((client.LocalEndPoint, front), (header.Source, header.Destination));
        Assert.Equal($"{client.LocalEndPoint}-fixed", Encoding.ASCII.GetString(header.UniqueId.Span));
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1, "127.0.0.1")]
    [InlineData(ProxyProtocolVersion.V2, "127.0.0.1")]
    [InlineData(ProxyProtocolVersion.V1, "[::1]")]
    [InlineData(ProxyProtocolVersion.V2, "[::1]")]
    public async Task HAProxy_behind_learns_who_the_client_is(ProxyProtocolVersion version, string host)
    {
        var behind = new IPEndPoint(IPAddress.Parse(host), FreePorts.Take());
        await using var proxy = await StartHAProxyAsync(
            null,
            $"frontend behind\n  mode http\n  bind {behind} accept-proxy\n  http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port] %[dst] %[dst_port]\"\n");
        await using var balancer = await TestBalancer.StartAsync([behind], new() { Address = $"{host}:0" }, pool: new() { SendProxyProtocol = version, OutlierEjection = new() { ConsecutiveFailures = 0 } });

        var (local, answer) = await AskUntilItListensAsync(balancer, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal($"{local.Address} {local.Port} {balancer.Address.Address} {balancer.Address.Port}", answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Trim());
    }

    [Fact]
    public async Task HAProxy_behind_learns_the_id_of_HAProxy_in_front()
    {
        var behind = new IPEndPoint(IPAddress.Loopback, FreePorts.Take());
        var front = new IPEndPoint(IPAddress.Loopback, FreePorts.Take());
        await using var back = await StartHAProxyAsync(
            null,
            $"frontend behind\n  mode http\n  bind {behind} accept-proxy\n  http-request return status 200 content-type text/plain lf-string \"%[src]:%[src_port] %[fc_pp_unique_id]\"\n",
            "behind.cfg");
        await using var balancer = await TestBalancer.StartAsync([behind], Trusting, pool: new() { SendProxyProtocol = ProxyProtocolVersion.V2, OutlierEjection = new() { ConsecutiveFailures = 0 } });
        await using var first = await StartHAProxyAsync(
            front, $"listen front\n  mode tcp\n  bind {front}\n  unique-id-format id-of-%cp\n  server balancer {balancer.Address} send-proxy-v2 proxy-v2-options unique-id\n");

        var (local, answer) = await AskUntilItListensAsync(balancer, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", front);

        Assert.EndsWith($"\r\n\r\n{local} id-of-{local.Port}", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1, "127.0.0.1")]
    [InlineData(ProxyProtocolVersion.V2, "127.0.0.1")]
    [InlineData(ProxyProtocolVersion.V1, "[::1]")]
    [InlineData(ProxyProtocolVersion.V2, "[::1]")]
    public async Task Nginx_behind_learns_who_the_client_is(ProxyProtocolVersion version, string host)
    {
        var behind = new IPEndPoint(IPAddress.Parse(host), FreePorts.Take());
        await using var proxy = await StartNginxAsync(
            null, $"server {{ listen {behind} proxy_protocol; return \"$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port\"; }}");
        await using var balancer = await TestBalancer.StartAsync([behind], new() { Address = $"{host}:0" }, pool: new() { SendProxyProtocol = version, OutlierEjection = new() { ConsecutiveFailures = 0 } });

        var (local, answer) = await AskUntilItListensAsync(balancer, "");

        // nginx repeats a text as it came, and "::1" may also be written at length.
        var said = answer.Split(' ');
        Assert.Equal(
            (local, balancer.Address),
            (new(IPAddress.Parse(said[0]), int.Parse(said[1], CultureInfo.InvariantCulture)), new(IPAddress.Parse(said[2]), int.Parse(said[3], CultureInfo.InvariantCulture))));
    }

    private static async Task KnowsItsClientAsync(TestBalancer balancer, IPEndPoint front)
    {
        using var client = await SocketExtensions.ConnectAsync(front);
        await client.SendTextAsync("hello");
        await client.ReceivesAsync("hello");
        Assert.Contains(balancer.Connections, row => row.Client == client.LocalEndPoint!.ToString());
    }

    private static async Task<(IPEndPoint Local, string Answer)> AskUntilItListensAsync(TestBalancer balancer, string request, IPEndPoint? front = null)
    {
        while (true)
        {
            try
            {
                using var client = await SocketExtensions.ConnectAsync(front ?? balancer.Address);
                await client.SendTextAsync(request);
                if (await client.ReceiveTextToEndAsync() is { Length: > 0 } answer)
                {
                    return ((IPEndPoint)client.LocalEndPoint!, answer);
                }
            }
            catch (SocketException)
            {
                // Still starting.
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }
    }

    private async Task<ExternalProgram> StartHAProxyAsync(IPEndPoint? front, string sections, string file = "haproxy.cfg")
    {
        var configuration = _folder.Write(file, $"defaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n{sections}");
        return await ListeningAsync(ExternalProgram.Start("haproxy", "-db", "-f", configuration), front);
    }

    private async Task<ExternalProgram> StartNginxAsync(IPEndPoint? front, string server)
    {
        const string Module = "/usr/lib/nginx/modules/ngx_stream_module.so";
        var module = File.Exists(Module) ? $"load_module {Module};\n" : "";
        var configuration = _folder.Write("nginx.conf", $"{module}daemon off; pid {_folder.PathOf("nginx.pid")}; error_log stderr; worker_processes 1;\nevents {{ }}\nstream {{ {server} }}\n");
        return await ListeningAsync(ExternalProgram.Start("nginx", "-p", _folder.PathOf(""), "-e", "stderr", "-c", configuration), front);
    }

    private static async Task<ExternalProgram> ListeningAsync(ExternalProgram program, IPEndPoint? front)
    {
        while (front is not null)
        {
            Assert.False(program.HasExited, program.Output);
            try
            {
                (await SocketExtensions.ConnectAsync(front)).Dispose();
                break;
            }
            catch (SocketException)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }

        return program;
    }
}
