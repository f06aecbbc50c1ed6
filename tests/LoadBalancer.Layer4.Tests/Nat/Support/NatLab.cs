using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Nat;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>
/// A network of its own: a far client, a near one in the servers' network, the balancer between them, and three servers
/// that answer with their name and the address they see.
/// </summary>
internal sealed class NatLab : IAsyncDisposable
{
    public const int Port = 7000;

    private const string Prefix = "lbnat-";

    private static readonly Lazy<string?> Reason = new(FindReason);
    private static int _count;

    private readonly string _id;
    private readonly List<LabServer> _servers = [];

    private NatLab(string id) => _id = id;

    /// <summary>Clients of another network that reach the servers through the balancer only.</summary>
    public string Far => $"{_id}-far";

    /// <summary>A client in the network of the servers.</summary>
    public string Near => $"{_id}-near";

    public string Balancer => $"{_id}-lb";

    /// <summary>A name that no other balancer of this run has.</summary>
    public string Name => _id;

    public IPAddress FarAddress { get; } = IPAddress.Parse("10.91.0.2");

    public IPAddress FarAddressIPv6 { get; } = IPAddress.Parse("fd00:91::2");

    /// <summary>The balancer's address on the side of the far client.</summary>
    public IPAddress Front { get; } = IPAddress.Parse("10.91.0.1");

    public IPAddress FrontIPv6 { get; } = IPAddress.Parse("fd00:91::1");

    /// <summary>The balancer's address on the side of the servers.</summary>
    public IPAddress Back { get; } = IPAddress.Parse("10.92.0.1");

    public IReadOnlyList<LabServer> Servers => _servers;

    public static string[] ServerNames => ["s1", "s2", "s3"];

    public IReadOnlyList<string> Prefixed => ["ip", "netns", "exec", Balancer];

    public static async Task<NatLab> StartAsync()
    {
        Assert.SkipUnless(Reason.Value is null, Reason.Value ?? "");
        var lab = new NatLab(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}"));
        try
        {
            await lab.BuildAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a program in the balancer's namespace.</summary>
    public async Task<ToolResult> RunAsync(string program, params string[] arguments) => await SystemTool.Find(program, Prefixed)!.RunAsync(arguments);

    public async Task<string> RulesetAsync() => (await RunAsync("nft", "list", "ruleset")).Output;

    /// <summary>A socket that belongs to a namespace, wherever it is used from.</summary>
    public static Socket Socket(string @namespace, AddressFamily family, SocketType type = SocketType.Stream) =>
        NetworkNamespace.Run(@namespace, () => new Socket(family, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp));

    /// <summary>Connects; the first line that the server says is its name and the client's address as it sees it.</summary>
    public static async Task<LabConnection> ConnectAsync(string from, IPEndPoint to)
    {
        var socket = Socket(from, to.AddressFamily);
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(20));
            await socket.ConnectAsync(to, deadline.Token);
            var greeting = new byte[100];
            var received = await socket.ReceiveAsync(greeting, deadline.Token);
            var words = System.Text.Encoding.ASCII.GetString(greeting, 0, received).Trim().Split(' ');
            return new(socket, words[0], IPAddress.Parse(words[1]));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The names of the servers that answered so many connections, one after the other.</summary>
    public static async Task<string[]> AskAsync(string from, IPEndPoint to, int times)
    {
        var names = new string[times];
        for (var i = 0; i < times; i++)
        {
            using var connection = await ConnectAsync(from, to);
            names[i] = connection.Server;
        }

        return names;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        RemoveNamespaces(_id);
    }

    private async Task BuildAsync()
    {
        string[] servers = [.. ServerNames.Select(name => $"{_id}-{name}")];
        var script = new List<string>();
        foreach (var name in (string[])[Far, Near, Balancer, .. servers])
        {
            script.Add($"ip netns add {name}");
            script.Add($"ip -n {name} link set lo up");
        }

        script.Add($"ip link add e0 netns {Far} type veth peer name front netns {Balancer}");
        script.Add($"ip -n {Balancer} link add back type bridge");
        Address(Far, "e0", "10.91.0.2/24", "fd00:91::2/64");
        Address(Balancer, "front", "10.91.0.1/24", "fd00:91::1/64");
        Address(Balancer, "back", "10.92.0.1/24", "fd00:92::1/64");
        Default(Far, "10.91.0.1", "fd00:91::1");
        foreach (var (index, name) in ((string[])[Near, .. servers]).Index())
        {
            script.Add($"ip link add e0 netns {name} type veth peer name p{index} netns {Balancer}");
            script.Add($"ip -n {Balancer} link set p{index} master back up");
            Address(name, "e0", $"10.92.0.{10 + index}/24", $"fd00:92::{10 + index}/64");
            Default(name, "10.92.0.1", "fd00:92::1");
        }

        script.Add($"ip netns exec {Balancer} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        var result = await new SystemTool("/bin/sh", []).RunAsync(["-e"], string.Join('\n', script) + "\n");
        Assert.True(result.ExitCode == 0, $"the network could not be made: {result.Error}");
        foreach (var (index, name) in servers.Index())
        {
            _servers.Add(new LabServer(name, ServerNames[index], new(IPAddress.Parse($"10.92.0.{11 + index}"), Port), new(IPAddress.Parse($"fd00:92::{11 + index}"), Port)));
        }

        void Address(string name, string device, string ipv4, string ipv6)
        {
            script.Add($"ip -n {name} addr add {ipv4} dev {device}");
            script.Add($"ip -n {name} addr add {ipv6} dev {device} nodad");
            script.Add($"ip -n {name} link set {device} up");
        }

        void Default(string name, string ipv4, string ipv6)
        {
            script.Add($"ip -n {name} route add default via {ipv4}");
            script.Add($"ip -n {name} route add default via {ipv6}");
        }
    }

    private static string? FindReason()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "network namespaces are Linux's";
        }

        if (((string[])["ip", "nft", "conntrack", "sysctl"]).FirstOrDefault(program => SystemTool.Find(program, []) is null) is { } missing)
        {
            return $"the program {missing} is not installed";
        }

        RemoveLeftovers();
        var probe = $"{Prefix}{Environment.ProcessId}-probe";
        try
        {
            // In a shell, which no missing permission can make throw.
            var added = Shell($"ip netns add {probe} && ip -n {probe} link add probe0 type veth peer name probe1 && ip netns exec {probe} nft add table inet probe && ip netns exec {probe} conntrack -L");
            return added.ExitCode == 0 ? null : $"network namespaces, nft or conntrack are not permitted here: {added.Reason}";
        }
        finally
        {
            RemoveNamespaces(probe);
        }
    }

    // A run that was killed could not remove its own.
    private static void RemoveLeftovers()
    {
        foreach (var id in Namespaces().Select(name => name.Split('-')[1]).Distinct().Where(id => !Directory.Exists($"/proc/{id}")))
        {
            RemoveNamespaces($"{Prefix}{id}");
        }
    }

    private static void RemoveNamespaces(string id)
    {
        foreach (var name in Namespaces().Where(name => name == id || name.StartsWith($"{id}-", StringComparison.Ordinal)))
        {
            Shell($"ip netns del {name}");
        }
    }

    private static string[] Namespaces() => Directory.Exists("/run/netns")
        ? [.. Directory.EnumerateFiles("/run/netns", $"{Prefix}*").Select(path => Path.GetFileName(path))]
        : [];

    private static ToolResult Shell(string command) => new SystemTool("/bin/sh", []).RunAsync(["-c", command]).GetAwaiter().GetResult();
}
