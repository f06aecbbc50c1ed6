using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;

namespace Policies;

/// <summary>The server as a process of its own, with a pool and a route for each policy, all of them to the same backends.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    /// <summary>Header whose value <see cref="SelectionPolicy.ConsistentHash"/> hashes.</summary>
    public const string User = "X-User";

    /// <summary>Requests that a backend may have at a time where the policy is <see cref="SelectionPolicy.First"/>.</summary>
    public const int MostForFirst = 4;

    /// <summary>Weight of the backends that are not slow, where the policy is <see cref="SelectionPolicy.WeightedRoundRobin"/>; the slow one's is 1.</summary>
    public const int Weight = 10;

    public static readonly SelectionPolicy[] Policies =
    [
        SelectionPolicy.RoundRobin, SelectionPolicy.Random, SelectionPolicy.WeightedRoundRobin, SelectionPolicy.LeastConnections, SelectionPolicy.PowerOfTwoChoices,
        SelectionPolicy.PeakEwma, SelectionPolicy.SourceHash, SelectionPolicy.ConsistentHash, SelectionPolicy.First,
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory;
    private readonly Process _process;

    private Balancer(DirectoryInfo directory, Process process, Uri address) => (_directory, _process, Address) = (directory, process, address);

    public Uri Address { get; }

    public static async Task<Balancer> StartAsync(BackendFleet backends, CancellationToken cancellation)
    {
        var (http, admin) = (FreePorts.Take(), FreePorts.Take());
        var directory = Directory.CreateTempSubdirectory("lb-policies-");
        var path = Path.Combine(directory.FullName, "balancer.json");
        await File.WriteAllTextAsync(path, Configuration(http, admin, [.. backends.Addresses]).ToJson(), cancellation);

        var assembly = typeof(Balancer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Started:LoadBalancer.Server").Value!;
        var process = Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, "--config", path])
        {
            RedirectStandardOutput = true,
            Environment = { ["Logging__LogLevel__Default"] = "Warning" },
        })!;
        process.OutputDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginOutputReadLine();
        var balancer = new Balancer(directory, process, new($"http://127.0.0.1:{http}"));
        await balancer.WaitAsync($"http://127.0.0.1:{admin}/healthz", cancellation);
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static ConfigurationFile Configuration(int http, int admin, string[] backends)
    {
        var file = new ConfigurationFile { Services = { ["backend"] = new() { ["http"] = backends } } };
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{admin}";
        var layer7 = file.LoadBalancer.Layer7;
        layer7.Listeners["http"] = new() { Address = $"127.0.0.1:{http}" };
        // Clients have addresses of their own by what a proxy in front says of them, as they would have from many machines.
        layer7.ForwardedHeaders.TrustedNetworks = ["127.0.0.1"];
        foreach (var policy in Policies)
        {
            var pool = new PoolOptions { Service = "http://backend", Policy = policy };
            layer7.Routes[$"{policy}"] = new()
            {
                Path = $"/{policy}",
                Pool = $"{policy}",
                HashKey = policy == SelectionPolicy.ConsistentHash ? new() { Header = User } : null,
            };
            switch (policy)
            {
                case SelectionPolicy.WeightedRoundRobin:
                    pool.Backends = backends.Index().ToDictionary(backend => $"backend-{backend.Index}", backend => new BackendOptions
                    {
                        Address = new Uri(backend.Item).Authority,
                        Weight = backend.Index == BackendFleet.Slow ? 1 : Weight,
                    });
                    break;
                case SelectionPolicy.First:
                    pool.MaxConnections = MostForFirst;
                    break;
            }

            file.LoadBalancer.Pools[$"{policy}"] = pool;
        }

        return file;
    }

    private async Task WaitAsync(string health, CancellationToken cancellation)
    {
        using var client = new HttpClient();
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var answer = await client.GetStringAsync(health, cancellation);
                if (Policies.All(policy => answer.Contains(string.Create(CultureInfo.InvariantCulture, $"\"{policy}\": {BackendFleet.Count}"), StringComparison.Ordinal)))
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
            }

            if (waited.Elapsed > Patience)
            {
                throw new TimeoutException($"The balancer has no healthy backends after {Patience.TotalSeconds} s.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
    }
}
