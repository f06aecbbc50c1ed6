using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tests.Nat.Support;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Nat;

/// <summary>The kernel's translation, seen from clients and servers in network namespaces.</summary>
public sealed class NatTranslationTests
{
    [Fact]
    public async Task Round_robin_is_exact_and_the_servers_see_the_client()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);

        var names = await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 30);
        using var connection = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        Assert.All(NatLab.ServerNames, name => Assert.Equal(10, names.Count(answer => answer == name)));
        Assert.All(names.Chunk(3), round => Assert.Equal(NatLab.ServerNames, round.Order()));
        Assert.Equal(lab.FarAddress, connection.SeenAs);
        await Eventually.TrueAsync(() => balancer.Statistics.Accepted == 31);
    }

    [Fact]
    public async Task IPv6_is_translated_as_IPv4_is()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.FrontIPv6);

        var names = await NatLab.AskAsync(lab.Far, new(lab.FrontIPv6, NatLab.Port), 6);
        using var connection = await NatLab.ConnectAsync(lab.Far, new(lab.FrontIPv6, NatLab.Port));

        Assert.All(NatLab.ServerNames, name => Assert.Equal(2, names.Count(answer => answer == name)));
        Assert.Equal(lab.FarAddressIPv6, connection.SeenAs);
    }

    [Fact]
    public async Task A_client_beside_the_servers_and_one_on_the_balancer_are_seen_as_the_balancer()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, IPAddress.IPv6Any, members: lab.Servers.Select(server => server.IPv4));

        using var near = await NatLab.ConnectAsync(lab.Near, new(lab.Back, NatLab.Port));
        using var own = await NatLab.ConnectAsync(lab.Balancer, new(lab.Front, NatLab.Port));
        using var far = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        Assert.Equal(lab.Back, near.SeenAs);
        Assert.Equal(lab.Back, own.SeenAs);
        Assert.Equal(lab.FarAddress, far.SeenAs);
        await near.EchoesAsync("near");
        await own.EchoesAsync("own");
    }

    [Fact]
    public async Task A_loopback_address_is_translated_to_backends_of_the_same_machine()
    {
        await using var lab = await NatLab.StartAsync();
        IPEndPoint[] members = [new(IPAddress.Loopback, 7001), new(IPAddress.Loopback, 7002)];
        await using var first = new LabServer(lab.Balancer, "first", members[0], members[0]);
        await using var second = new LabServer(lab.Balancer, "second", members[1], members[1]);
        await using var balancer = await LabBalancer.StartAsync(lab, IPAddress.Loopback, members: members);

        var names = await NatLab.AskAsync(lab.Balancer, new(IPAddress.Loopback, NatLab.Port), 4);

        Assert.Equal(["first", "second"], names[..2].Order());
        Assert.Equal(names[..2], names[2..]);
    }

    [Fact]
    public async Task Source_hash_keeps_a_client_on_its_server_and_a_server_that_goes_moves_only_its_own()
    {
        await using var lab = await NatLab.StartAsync();
        var clients = Enumerable.Range(100, 24).Select(host => IPAddress.Parse($"10.91.0.{host}")).ToArray();
        foreach (var address in clients)
        {
            Assert.Equal(0, (await lab.RunAsync("ip", "-n", lab.Far, "addr", "add", $"{address}/24", "dev", "e0")).ExitCode);
        }

        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, new() { Policy = SelectionPolicy.SourceHash });
        var before = await AskAllAsync();

        Assert.Equal(before, await AskAllAsync());
        Assert.Equal(NatLab.ServerNames, before.Distinct().Order());

        var gone = lab.Servers[1];
        balancer.Pool.SetMembers(lab.Servers.Where(server => server != gone).Select(server => server.IPv4));
        await balancer.SendsToAsync(2);
        var after = await AskAllAsync();

        Assert.DoesNotContain(gone.Name, after);
        Assert.All(before.Zip(after).Where(pair => pair.First != gone.Name), pair => Assert.Equal(pair.First, pair.Second));

        async Task<string[]> AskAllAsync()
        {
            var names = new List<string>();
            foreach (var address in clients)
            {
                using var socket = NatLab.Socket(lab.Far, AddressFamily.InterNetwork);
                socket.Bind(new IPEndPoint(address, 0));
                await socket.ConnectAsync(new IPEndPoint(lab.Front, NatLab.Port), TestContext.Current.CancellationToken);
                var text = System.Text.Encoding.ASCII.GetString(await ReceiveAsync(socket));
                Assert.EndsWith($" {address}", text);
                names.Add(text.Split(' ')[0]);
            }

            return [.. names];
        }
    }

    [Fact]
    public async Task Weights_are_turns_that_are_spread_out_and_random_uses_every_server()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, weights: [5, 1, 1]);
        NatTarget[] targets = [.. balancer.Pool.Snapshot.Available.ToArray().Select(backend => new NatTarget(backend, (IPEndPoint)backend.EndPoint))];

        await UseAsync(SelectionPolicy.WeightedRoundRobin);
        Assert.Equal(["s1", "s1", "s2", "s1", "s3", "s1", "s1"], await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 7));

        // By chance one of the light ones is left out of 150 in one of 10^9 runs.
        await UseAsync(SelectionPolicy.Random);
        Assert.Equal(NatLab.ServerNames, (await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 150)).Distinct().Order());

        async Task UseAsync(SelectionPolicy policy) => await balancer.System.Table.ApplyAsync(NatRuleset.Update(
            balancer.System.Table.Name,
            balancer.Listener.Service! with { Pick = NatSlots.PickOf(policy), IPv4 = [.. NatSlots.Of(policy, targets, 0).Select(target => target.EndPoint)] }));
    }

    [Theory]
    [InlineData("10.91.0.0/24", "10.91.0.2", false)]
    [InlineData("", "10.91.0.0/24", false)]
    [InlineData("fd00::/16", "", false)]
    [InlineData("10.0.0.0/8,10.91.0.0/24,10.0.0.0/8", "10.92.0.0/16", true)]
    public async Task Networks_that_may_not_connect_are_refused(string allowed, string denied, bool serves)
    {
        await using var lab = await NatLab.StartAsync();
        var options = new Layer4ListenerOptions
        {
            AllowedNetworks = allowed.Split(',', StringSplitOptions.RemoveEmptyEntries),
            DeniedNetworks = denied.Split(',', StringSplitOptions.RemoveEmptyEntries),
        };
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, options);

        if (serves)
        {
            Assert.Equal(["s1"], await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 1));
            return;
        }

        var refused = await Assert.ThrowsAsync<SocketException>(() => NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port)));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await Eventually.TrueAsync(() => balancer.Statistics.Refused > 0);
        Assert.Equal(new Dictionary<string, long> { ["Denied"] = 1 }, balancer.Statistics.Refusals);
    }

    [Fact]
    public async Task A_server_that_is_unhealthy_gets_no_new_connection_and_keeps_the_one_it_has()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        using var open = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        var at = lab.Servers.Single(server => server.Name == open.Server).IPv4;
        balancer.Pool.SetHealth(balancer.Pool.Snapshot.Find(at.ToString())!, healthy: false, "the test says so");
        await balancer.SendsToAsync(2);
        var names = await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 10);

        Assert.DoesNotContain(open.Server, names);
        Assert.Equal(2, names.Distinct().Count());
        await open.EchoesAsync("still here");
    }

    [Fact]
    public async Task A_connection_to_a_server_that_left_is_reset_when_the_drain_is_over()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        using var open = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        await Eventually.TrueAsync(() => balancer.Listener.Connections.Any());

        balancer.Pool.SetMembers(lab.Servers.Where(server => server.Name != open.Server).Select(server => server.IPv4));
        await Eventually.TrueAsync(() => !balancer.Listener.Connections.Any());

        await open.Socket.SendTextAsync("is anybody there?");
        await open.Socket.IsResetAsync();
    }

    [Fact]
    public async Task Without_a_backend_connections_are_refused_at_once_and_counted_and_served_again_when_one_comes()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, members: []);

        foreach (var from in (string[])[lab.Far, lab.Balancer])
        {
            var refused = await Assert.ThrowsAsync<SocketException>(() => NatLab.ConnectAsync(from, new(lab.Front, NatLab.Port)));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        }

        await Eventually.TrueAsync(() => balancer.Statistics.Refused > 0);
        Assert.Equal(new Dictionary<string, long> { ["NoBackend"] = 2 }, balancer.Statistics.Refusals);
        balancer.Pool.SetMembers([lab.Servers[2].IPv4]);
        await balancer.SendsToAsync(1);
        Assert.Equal(["s3"], await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 1));
    }

    [Fact]
    public async Task UDP_clients_stay_at_their_server_and_leave_it_when_it_is_gone()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, new() { Protocol = Layer4Protocol.Udp });
        Socket[] clients = [.. Enumerable.Range(0, 6).Select(_ => NatLab.Socket(lab.Far, AddressFamily.InterNetwork, SocketType.Dgram))];
        foreach (var client in clients)
        {
            await client.ConnectAsync(new IPEndPoint(lab.Front, NatLab.Port), TestContext.Current.CancellationToken);
        }

        var names = await AskAllAsync();

        Assert.All(NatLab.ServerNames, name => Assert.Equal(2, names.Count(answer => answer == name)));
        Assert.Equal(names, await AskAllAsync());
        await Eventually.TrueAsync(() => balancer.Listener.Connections.Count() == 6);

        balancer.Pool.SetMembers([lab.Servers[0].IPv4]);
        await balancer.SendsToAsync(1);
        // The answer to a datagram that is under way when its client is moved may be lost.
        foreach (var client in clients)
        {
            await Eventually.TrueAsync(() =>
            {
                client.Send("?"u8);
                return client.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead) && Received(client) == "s1";
            });
        }

        async Task<string[]> AskAllAsync()
        {
            var answers = new List<string>();
            foreach (var client in clients)
            {
                await client.SendTextAsync("?");
                answers.Add(System.Text.Encoding.ASCII.GetString(await ReceiveAsync(client)).Split(' ')[0]);
            }

            return [.. answers];
        }

        static string Received(Socket client)
        {
            var buffer = new byte[100];
            return System.Text.Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)).Split(' ')[0];
        }
    }

    [Fact]
    public async Task UDP_without_a_backend_is_told_so()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front, new() { Protocol = Layer4Protocol.Udp }, members: []);
        using var client = NatLab.Socket(lab.Far, AddressFamily.InterNetwork, SocketType.Dgram);
        await client.ConnectAsync(new IPEndPoint(lab.Front, NatLab.Port), TestContext.Current.CancellationToken);
        await client.SendTextAsync("?");

        var refused = await Assert.ThrowsAsync<SocketException>(() => ReceiveAsync(client));

        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task The_connection_table_is_the_kernels()
    {
        await using var lab = await NatLab.StartAsync();
        Assert.Equal(0, (await lab.RunAsync("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1")).ExitCode);
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        using var first = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));
        await Eventually.TrueAsync(() => balancer.Listener.Connections.Any());
        var alone = Assert.Single(balancer.Listener.Connections);
        using var second = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));
        // Not of this listener, though through the same machine and to the same port.
        using var other = await NatLab.ConnectAsync(lab.Far, lab.Servers[0].IPv4);
        await second.EchoesAsync(new string('x', 500));

        await Eventually.TrueAsync(() => balancer.Statistics.Active == 2 && balancer.Listener.BytesToClient > 500);
        var rows = balancer.Listener.Connections.ToArray();
        Assert.Equal([first.Client.ToString(), second.Client.ToString()], rows.Select(row => row.Client));
        Assert.Equal(alone.Id, rows[0].Id);
        Assert.Equal(lab.Servers.Single(server => server.Name == second.Server).IPv4.ToString(), rows[1].BackendAddress);
        Assert.Equal(("echo", "servers", Layer4Mode.Nat), (rows[1].Listener, rows[1].Pool, rows[1].Mode));
        Assert.InRange(rows[1].BytesToBackend, 500, 5000);
        Assert.InRange(rows[1].BytesToClient, 500, 5000);

        Assert.False(balancer.Listener.TryClose(-1));
        Assert.True(balancer.Listener.TryClose(rows[1].Id));
        await Eventually.TrueAsync(() => balancer.Listener.Connections.Count() == 1);
        await second.Socket.SendTextAsync("is anybody there?");
        await second.Socket.IsResetAsync();
        await first.EchoesAsync("still here");
    }

    [Fact]
    public async Task A_stop_lets_open_connections_end_and_refuses_new_ones()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        using var open = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        var stopping = balancer.StopAsync(TimeSpan.FromMinutes(1));
        while (!(await RefusesAsync()))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await open.EchoesAsync("still here");
        Assert.False(stopping.IsCompleted);
        open.Socket.Shutdown(SocketShutdown.Both);
        await stopping.InTimeAsync();

        async Task<bool> RefusesAsync()
        {
            try
            {
                using var connection = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));
                return false;
            }
            catch (SocketException exception)
            {
                Assert.Equal(SocketError.ConnectionRefused, exception.SocketErrorCode);
                return true;
            }
        }
    }

    [Fact]
    public async Task Connections_that_outlast_the_drain_are_reset()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        using var open = await NatLab.ConnectAsync(lab.Far, new(lab.Front, NatLab.Port));

        await balancer.StopAsync(TimeSpan.Zero);

        await open.Socket.SendTextAsync("is anybody there?");
        await open.Socket.IsResetAsync();
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[1024];
        return buffer[..await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, TestContext.Current.CancellationToken).AsTask().InTimeAsync()];
    }
}
