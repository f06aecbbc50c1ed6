using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>One translated listener in the balancer's namespace of a <see cref="NatLab"/>, in front of its three servers.</summary>
internal sealed class LabBalancer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly BackendPools _pools;
    private bool _stopped;

    private LabBalancer(ServiceProvider services, NatSystem system, NatListener listener)
    {
        _services = services;
        _pools = services.GetRequiredService<BackendPools>();
        System = system;
        Listener = listener;
    }

    public NatSystem System { get; }

    public BackendPool Pool => _pools.All.Single();

    public NatListener Listener { get; }

    public Layer4ListenerStatistics Statistics => Listener.GetStatistics();

    public static async Task<LabBalancer> StartAsync(NatLab lab, IPAddress address, Layer4ListenerOptions? options = null, IEnumerable<IPEndPoint>? members = null, int[]? weights = null)
    {
        var endPoints = (members ?? lab.Servers.Select(server => address.AddressFamily == AddressFamily.InterNetwork ? server.IPv4 : server.IPv6)).ToArray();
        var pool = new PoolOptions { Service = "tcp://servers", HealthCheck = new() { Type = HealthCheckType.None } };
        foreach (var (index, weight) in (weights ?? []).Index())
        {
            pool.Backends[$"b{index}"] = new() { Address = $"{endPoints[index]}", Weight = weight };
        }

        // Discovery's own answer must not undo the test's: it gets the same one.
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            lab.Servers.Index().Select(server => new KeyValuePair<string, string?>($"Services:servers:tcp:{server.Index}", $"tcp://{server.Item.IPv4}"))).Build());
        services.AddLoadBalancer();
        var provider = services.BuildServiceProvider();
        var pools = provider.GetRequiredService<BackendPools>();
        await pools.ApplyAsync(new() { Pools = { ["servers"] = pool } });
        var found = pools.All.Single();
        await Eventually.TrueAsync(() => found.Snapshot.Available.Length == lab.Servers.Count);
        found.SetMembers(endPoints);

        // Not the file of this process's own namespace: the program, run in the lab's.
        var system = new NatSystem(
            await NatTable.CreateAsync(SystemTool.Find("nft", lab.Prefixed)!, lab.Name),
            new Conntrack(SystemTool.Find("conntrack", lab.Prefixed), "/proc/no such file"),
            () => NetworkNamespace.Run(lab.Balancer, NatKernel.Read));
        options = (options ?? new()) with { Mode = Layer4Mode.Nat, Pool = "servers" };
        var socket = NatLab.Socket(lab.Balancer, address.AddressFamily, options.Protocol == Layer4Protocol.Tcp ? SocketType.Stream : SocketType.Dgram);
        if (address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }

        socket.Bind(new IPEndPoint(address, NatLab.Port));
        var settings = ListenerSettings.Create(options, TimeSpan.FromMilliseconds(100), pools, null);
        var listener = new NatListener("echo", new ListenAddress(address.ToString(), NatLab.Port), [socket], settings, system, NullLogger.Instance);
        var result = new LabBalancer(provider, system, listener);
        await result.SendsToAsync(endPoints.Length);
        return result;
    }

    /// <summary>Waits until the rules have so many backends.</summary>
    public async Task SendsToAsync(int backends) => await Eventually.TrueAsync(() => Listener.Service is not null && Listener.Targets.Count == backends);

    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _stopped = true;
        await Listener.StopAsync(drainTimeout);
        await System.DisposeAsync();
        await _pools.DisposeAsync();
        await _services.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync(TimeSpan.Zero);
        }
    }
}
