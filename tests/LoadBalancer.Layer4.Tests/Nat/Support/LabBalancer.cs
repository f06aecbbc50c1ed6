using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>One translated listener in the balancer's namespace of a <see cref="NatLab"/>, in front of its three servers.</summary>
internal sealed class LabBalancer : IAsyncDisposable
{
    private static long _lastId;

    private bool _stopped;

    private LabBalancer(NatSystem system, BackendPool pool, NatListener listener)
    {
        System = system;
        Pool = pool;
        Listener = listener;
    }

    public NatSystem System { get; }

    public BackendPool Pool { get; }

    public NatListener Listener { get; }

    public static async Task<LabBalancer> StartAsync(
        NatLab lab, IPAddress address, NatProtocol protocol = NatProtocol.Tcp, SelectionPolicy policy = SelectionPolicy.RoundRobin, IEnumerable<EndPoint>? members = null, NatKernel? kernel = null)
    {
        var pool = new BackendPool("servers", "tcp://servers", new PoolOptions { Policy = policy, HealthCheck = new() { Type = HealthCheckType.None } }, NullLogger.Instance);
        members = (members ?? lab.Servers.Select(server => address.AddressFamily == AddressFamily.InterNetwork ? server.IPv4 : server.IPv6)).ToArray();
        pool.SetMembers(members);
        var nft = SystemTool.Find("nft", lab.Prefixed)!;
        // Not the file of this process's own namespace: the program, run in the lab's.
        var system = new NatSystem(await NatTable.CreateAsync(nft, lab.Name), new Conntrack(SystemTool.Find("conntrack", lab.Prefixed), "/proc/no such file"), () => kernel ?? NetworkNamespace.Run(lab.Balancer, NatKernel.Read));
        var socket = NatLab.Socket(lab.Balancer, address.AddressFamily, protocol == NatProtocol.Tcp ? SocketType.Stream : SocketType.Dgram);
        if (address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }

        socket.Bind(new IPEndPoint(address, NatLab.Port));
        var listener = await NatListener.StartAsync(
            "echo", protocol, [socket], new(pool, null, TimeSpan.FromMilliseconds(100)), system, () => Interlocked.Increment(ref _lastId), TimeProvider.System, NullLogger.Instance);
        var result = new LabBalancer(system, pool, listener);
        await result.SendsToAsync(members.Count());
        return result;
    }

    /// <summary>The rules of the listener, as the kernel has them.</summary>
    public async Task<string> RulesAsync(NatLab lab) => (await lab.RunAsync("nft", "list", "chain", "inet", System.Table.Name, "listener_echo")).Output;

    /// <summary>Waits until the rules have so many backends.</summary>
    public async Task SendsToAsync(int backends) => await Eventually.TrueAsync(() => Listener.Targets.Count == backends);

    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _stopped = true;
        await Listener.StopAsync(drainTimeout);
        await System.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync(TimeSpan.Zero);
        }
    }
}
