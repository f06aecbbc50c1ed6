using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Machine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Tests;

/// <summary>
/// What is reported of replicas, through Aspire's own notification service, the publisher, its file and two balancers that
/// run. Only the orchestrator is the test: it needs seconds for each start.
/// </summary>
public sealed class MembershipTests : IAsyncLifetime
{
    private const int GroupSize = 4;
    private const int Groups = 3;
    private const int Cycles = 200;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly RawService[] _services = [.. Enumerable.Range(0, Groups * GroupSize).Select(number => new RawService($"api-{number:00}"))];
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly List<Process> _processes = [];
    private readonly List<TimeSpan> _changes = [];
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private readonly IResource _api;
    private readonly DistributedApplication _app;
    private readonly Dictionary<string, int> _ports = [];
    private readonly string _directory;

    public MembershipTests()
    {
        var api = _builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", api);
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("api", null, api.GetEndpoint("http"));
        _api = api.Resource;
        _app = _builder.Build();
        PrepareAsync().GetAwaiter().GetResult();
        _directory = Path.GetDirectoryName(edge.Resource.ConfigurationPath)!;
        Start(edge.Resource, "LoadBalancer__Layer7__Listeners__http__Address");
        Start(wire.Resource, "LoadBalancer__Layer4__Listeners__api__Address");
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (var service in _services)
        {
            service.Start();
            await ReportAsync(service, "Running");
        }

        await WaitForAsync(_services);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        _client.Dispose();
    }

    [Fact]
    public async Task Two_hundred_stops_and_starts_fail_no_request_and_leave_nothing_behind()
    {
        await using var requests = new Load(2, () => _client.GetStringAsync(new Uri($"http://127.0.0.1:{_ports["edge"]}/"), Cancelled));
        await using var connections = new Load(1, AskOverAConnectionAsync);
        // What is made once is made by now.
        await CycleAsync(0, rounds: Groups);
        var (files, handles, watchers) = (FilesOfTheRun(), _processes.ConvertAll(Handles), _processes.ConvertAll(Watchers));

        await CycleAsync(Groups, rounds: (Cycles / GroupSize) - Groups);

        Assert.Empty((await requests.EndAsync()).Concat(await connections.EndAsync()));
        Assert.True(requests.Answered > Cycles && connections.Answered > Cycles, $"{requests.Answered} requests and {connections.Answered} connections were answered");
        Assert.Equal(files, FilesOfTheRun());
        Assert.Equal(watchers, _processes.ConvertAll(Watchers));
        // Connections of requests that are over may still be kept, to every replica that there is.
        await Eventually.GetAsync(
            () => Task.FromResult(_processes.ConvertAll(Handles).Zip(handles, (now, then) => now - then).Max()),
            more => more <= GroupSize * Groups,
            Deadline);
        // What is active is given back a moment after the client has its answer.
        foreach (var balancer in new[] { "edge", "wire" })
        {
            var pool = await Eventually.GetAsync(() => GetPoolAsync(balancer), pool => pool.Active == 0, Deadline);
            Assert.All(pool.Backends, backend => Assert.Equal(0, backend.Active));
        }

        var slow = _changes.Order().ToArray();
        Assert.True(slow[slow.Length / 2] < TimeSpan.FromSeconds(1), $"half of the changes took longer than {slow[slow.Length / 2]}");
    }

    [Fact]
    public async Task While_none_runs_requests_are_told_so_and_connections_end_until_one_runs()
    {
        foreach (var service in _services)
        {
            await ReportAsync(service, "Finished");
        }

        await WaitForAsync([]);
        using var refused = await _client.GetAsync(new Uri($"http://127.0.0.1:{_ports["edge"]}/"), Cancelled);
        var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancelled)).RootElement;
        await Assert.ThrowsAnyAsync<IOException>(AskOverAConnectionAsync);
        await ReportAsync(_services[3], "Running");
        await WaitForAsync(_services[3]);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(
            "No healthy backend in pool 'api' for route 'default'. No backend is known: its service has not started yet, or is stopped.",
            problem.GetProperty("detail").GetString());
        Assert.Equal("api-03", await _client.GetStringAsync(new Uri($"http://127.0.0.1:{_ports["edge"]}/"), Cancelled));
        await AskOverAConnectionAsync();
    }

    [Fact]
    public async Task A_replica_that_crashes_is_not_asked_before_anybody_reports_it()
    {
        await using var requests = new Load(2, () => _client.GetStringAsync(new Uri($"http://127.0.0.1:{_ports["edge"]}/"), Cancelled));

        foreach (var service in _services.Take(5))
        {
            await service.StopAsync();
            await WaitForAsync(edgeOnly: true, [.. _services.Except(_services.Take(Array.IndexOf(_services, service) + 1))]);
        }

        Assert.Empty(await requests.EndAsync());
    }

    // Each round one group stops, the one that stopped before starts again, and the third goes on.
    private async Task CycleAsync(int first, int rounds)
    {
        for (var round = first; round < first + rounds; round++)
        {
            var (stopping, starting) = (Group(round), round == 0 ? [] : Group(round - 1));
            foreach (var service in starting)
            {
                service.Start();
                await ReportAsync(service, "Running");
            }

            foreach (var service in stopping)
            {
                await ReportLeavingAsync(service, round);
            }

            var reported = Stopwatch.GetTimestamp();
            await WaitForAsync([.. _services.Except(stopping)]);
            _changes.Add(Stopwatch.GetElapsedTime(reported));
            foreach (var service in stopping)
            {
                await service.StopAsync();
            }
        }
    }

    private RawService[] Group(int round) => _services[(round % Groups * GroupSize)..((round % Groups * GroupSize) + GroupSize)];

    // All the ways in which a replica is reported to be no longer there for requests.
    private Task ReportLeavingAsync(RawService service, int round) => (round % 4) switch
    {
        0 => ReportAsync(service, "Stopping"),
        1 => ReportAsync(service, "Exited"),
        2 => ReportAsync(service, "Running", HealthStatus.Unhealthy),
        _ => ReportAsync(service, "Finished"),
    };

    private Task ReportAsync(RawService service, string state, HealthStatus health = HealthStatus.Healthy) =>
        _app.ResourceNotifications.PublishUpdateAsync(_api, service.Name, snapshot => (snapshot with
        {
            State = state,
            EnvironmentVariables = [new("LOADBALANCER_BACKEND_HTTP", service.Port.ToString(CultureInfo.InvariantCulture), IsFromSpec: true)],
        }).WithHealth(health));

    private Task WaitForAsync(params RawService[] expected) => WaitForAsync(edgeOnly: false, expected);

    private async Task WaitForAsync(bool edgeOnly, RawService[] expected)
    {
        var names = expected.Select(service => service.Name).Order(StringComparer.Ordinal).ToArray();
        foreach (var balancer in edgeOnly ? ["edge"] : new[] { "edge", "wire" })
        {
            await Eventually.GetAsync(
                () => GetPoolAsync(balancer),
                pool => (edgeOnly ? pool.Backends.Where(backend => backend.State == BackendState.Healthy) : pool.Backends).Select(backend => backend.Name).Order(StringComparer.Ordinal).SequenceEqual(names)
                    && pool.Healthy == names.Length,
                Deadline);
        }
    }

    private async Task<PoolStatistics> GetPoolAsync(string balancer)
    {
        try
        {
            var text = await _client.GetStringAsync(new Uri($"http://127.0.0.1:{_ports[$"{balancer}-admin"]}/stats"), Cancelled);
            return JsonSerializer.Deserialize(text, StatisticsJsonContext.Default.BalancerStatistics)!.Pools.Single();
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            // It has yet to start.
            return new("api", "", default, 0, false, null, 0, null, 0, null, []);
        }
    }

    private async Task AskOverAConnectionAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _ports["wire"], Cancelled);
        var stream = client.GetStream();
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: api\r\n\r\n"u8.ToArray(), Cancelled);
        var buffer = new byte[1024];
        var length = await stream.ReadAsync(buffer, Cancelled);
        if (!Encoding.ASCII.GetString(buffer, 0, length).Contains("api-", StringComparison.Ordinal))
        {
            throw new IOException($"The connection gave {length} bytes.");
        }
    }

    private async Task PrepareAsync()
    {
        var eventing = new DistributedApplicationEventing();
        var publisher = _app.Services.GetRequiredService<ConfigurationPublisher>();
        await publisher.SubscribeAsync(eventing, _app.Services.GetRequiredService<DistributedApplicationExecutionContext>(), Cancelled);
        await eventing.PublishAsync(new BeforeStartEvent(_app.Services, _app.Services.GetRequiredService<DistributedApplicationModel>()), Cancelled);
        await publisher.StartingAsync(Cancelled);
    }

    private void Start(LoadBalancerResource balancer, string listenerVariable)
    {
        var ports = FreePorts.Take(2);
        (_ports[balancer.Name], _ports[$"{balancer.Name}-admin"]) = (ports[0], ports[1]);
        var start = new ProcessStartInfo("dotnet", ["exec", ServerFiles.Program, "--config", balancer.ConfigurationPath!]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[listenerVariable] = $"127.0.0.1:{ports[0]}";
        start.Environment["LoadBalancer__Admin__Address"] = $"127.0.0.1:{ports[1]}";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
    }

    private string[] FilesOfTheRun() => [.. Directory.GetFileSystemEntries(_directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static int Handles(Process process)
    {
        process.Refresh();
        return OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries($"/proc/{process.Id}/fd").Length : process.HandleCount;
    }

    // Of files: what tells the balancer that its configuration has changed.
    private static int Watchers(Process process) => OperatingSystem.IsLinux()
        ? Directory.GetFiles($"/proc/{process.Id}/fdinfo").Sum(file => ReadLines(file).Count(line => line.StartsWith("inotify ", StringComparison.Ordinal)))
        : 0;

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return [];
        }
    }
}
