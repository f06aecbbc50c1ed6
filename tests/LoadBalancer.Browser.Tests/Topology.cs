using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Server.Tests;

namespace LoadBalancer.Browser.Tests;

/// <summary>A balancer with both layers in this process, backends behind it and clients in front: the sample's shape.</summary>
internal sealed class Topology : IAsyncDisposable
{
    public const string Token = "a-token-for-the-page";

    private readonly Backends _backends;
    // Without cookies, which would keep it at one side of the split.
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private readonly List<Socket> _connections = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _traffic = Task.CompletedTask;

    private Topology(Backends backends, TestServer server, Uri edge, IPEndPoint wire)
    {
        _backends = backends;
        Server = server;
        Edge = edge;
        Wire = wire;
    }

    public TestServer Server { get; }

    /// <summary>Where requests go.</summary>
    public Uri Edge { get; }

    /// <summary>Where connections go.</summary>
    public IPEndPoint Wire { get; }

    public Uri Page => Server.Admin.BaseAddress!;

    public static async Task<Topology> StartAsync()
    {
        var backends = new Backends();
        var file = new ConfigurationFile
        {
            LoadBalancer =
            {
                Name = "edge",
                Admin = { Token = Token },
                Layer7 =
                {
                    Listeners = { ["http"] = new() { Address = "127.0.0.1:0" } },
                    Routes =
                    {
                        ["auth"] = new() { Path = "/auth/{**rest}", Pool = "auth" },
                        ["settings"] = new() { Path = "/settings/{**rest}", Pool = "settings" },
                        ["about"] = new() { Path = "/about", Pool = "catalog", Cache = new() { Duration = TimeSpan.FromSeconds(30) } },
                        ["catalog"] = new() { Path = "/{**rest}", Pool = "catalog", Split = new() { Pools = { ["catalog-next"] = 20 } } },
                    },
                },
                Layer4 = { Listeners = { ["echo"] = new() { Address = "127.0.0.1:0", Pool = "echo" } } },
            },
        };
        var random = new Random(7);
        foreach (var (pool, replicas, policy) in new[] { ("catalog", 3, SelectionPolicy.LeastConnections), ("catalog-next", 1, SelectionPolicy.RoundRobin), ("auth", 2, SelectionPolicy.RoundRobin), ("settings", 1, SelectionPolicy.RoundRobin) })
        {
            var addresses = new Dictionary<string, string>();
            for (var i = 1; i <= replicas; i++)
            {
                addresses.Add($"{pool}-{i}", await backends.StartWebAsync($"{pool}-{i}", TimeSpan.FromMilliseconds(random.Next(2, 40))));
            }

            Add(file, pool, policy, "http", addresses);
        }

        Add(file, "echo", SelectionPolicy.LeastConnections, "tcp", Enumerable.Range(1, 3).ToDictionary(i => $"echo-{i}", i => backends.StartLines($"echo-{i}")));
        var server = await TestServer.StartAsync(file);
        var ready = await server.WaitForAsync(now => now.Pools.All(pool => pool.Healthy == pool.Backends.Count && pool.Healthy > 0) && now.Layer7.Listeners.Count == 1);
        return new(backends, server, new Uri($"http://{ready.Layer7.Listeners[0].Addresses[0]}"), IPEndPoint.Parse(ready.Layer4.Listeners[0].Addresses[0]));
    }

    /// <summary>Sends requests, and opens and closes connections, until the end of the test.</summary>
    public void StartTraffic() => _traffic = SendAsync(_stopping.Token);

    public async Task RequestAsync(string path) => (await _client.GetAsync(new Uri(Edge, path), TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

    /// <summary>Opens connections that stay open.</summary>
    public async Task ConnectAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _connections.Add(socket);
            await socket.ConnectAsync(Wire, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, await socket.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _traffic.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var socket in _connections)
        {
            socket.Dispose();
        }

        _client.Dispose();
        await Server.DisposeAsync();
        await _backends.DisposeAsync();
        _stopping.Dispose();
    }

    private static void Add(ConfigurationFile file, string pool, SelectionPolicy policy, string endpoint, Dictionary<string, string> addresses)
    {
        var options = new PoolOptions { Policy = policy };
        foreach (var (name, address) in addresses)
        {
            options.Backends.Add(name, new() { Address = address });
        }

        file.LoadBalancer.Pools.Add(pool, options with { Service = endpoint == "tcp" ? $"tcp://{pool}" : null });
        file.Services.Add(pool, new() { [endpoint] = [.. addresses.Values.Select(address => endpoint == "http" ? $"http://{address}" : address)] });
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        string[] paths = ["/items", "/auth/login", "/items/7", "/settings/theme", "/about", "/items"];
        for (var i = 0; !cancellation.IsCancellationRequested; i++)
        {
            using var response = await _client.GetAsync(new Uri(Edge, paths[i % paths.Length]), cancellation);
            if (i % 4 == 0)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(Wire, cancellation);
                await socket.SendAsync(new byte[500], cancellation);
                await socket.ReceiveAsync(new byte[16], cancellation);
            }

            await Task.Delay(20, cancellation);
        }
    }
}
