using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

public sealed class KilledUnderLoadTests : IDisposable
{
    private const int Workers = 12;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-killed-test-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Not_one_idempotent_request_fails_when_one_of_three_replicas_is_killed_with_requests_under_way()
    {
        var ports = FreePorts.Take(5);
        var replicas = new TestProcess[3];
        try
        {
            for (var i = 0; i < replicas.Length; i++)
            {
                replicas[i] = TestProcess.Start(BuiltAssemblies.Catalog, [], new Dictionary<string, string?>
                {
                    ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{ports[i]}",
                    ["REPLICA_NAME"] = $"catalog-{i + 1}",
                    ["OTEL_EXPORTER_OTLP_ENDPOINT"] = null,
                });
            }

            await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", Write(ports)]);
            using var admin = new HttpClient { BaseAddress = new($"http://127.0.0.1:{ports[4]}") };
            await Wait.UntilAsync(async () => (await StatisticsAsync(admin))?.Pools[0].Healthy == 3, () => $"three healthy replicas; the server said {server.Output}");

            var (done, problems, isOver) = (0, new List<string>(), false);
            using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{ports[3]}"), Timeout = Wait.Patience };
            var load = Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    try
                    {
                        using var response = await client.GetAsync(worker % 3 == 0 ? "/slow?ms=0" : "/slow?ms=20", Cancelled);
                        if (!response.IsSuccessStatusCode)
                        {
                            throw new HttpRequestException($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Cancelled)}");
                        }

                        Interlocked.Increment(ref done);
                    }
                    catch (HttpRequestException exception)
                    {
                        lock (problems)
                        {
                            problems.Add(exception.Message);
                        }
                    }
                }
            }, Cancelled)).ToArray();

            // So many that the budget of retries is no matter of luck.
            await Wait.UntilAsync(() => Task.FromResult(Volatile.Read(ref done) > 300), () => "requests before the kill");
            await Wait.UntilAsync(async () => Find(await StatisticsAsync(admin), ports[1]).Active > 1, () => "requests under way at the one that is killed");
            replicas[1].Kill();
            var before = Volatile.Read(ref done);
            await Wait.UntilAsync(() => Task.FromResult(Volatile.Read(ref done) > before + 500), () => "requests after the kill");
            Volatile.Write(ref isOver, true);
            await Task.WhenAll(load);

            Assert.Empty(problems);
            var statistics = (await StatisticsAsync(admin))!;
            Assert.Equal((0, (long)done), (statistics.Layer7.Routes[0].Failed, statistics.Layer7.Routes[0].Requests));
            Assert.InRange(statistics.Layer7.Routes[0].Resilience.Retries, 1, int.MaxValue);
            Assert.InRange(Find(statistics, ports[1]).Failures, 1, int.MaxValue);
        }
        finally
        {
            foreach (var replica in replicas.OfType<TestProcess>())
            {
                await replica.DisposeAsync();
            }
        }
    }

    private static async Task<BalancerStatistics?> StatisticsAsync(HttpClient admin)
    {
        try
        {
            return await admin.GetFromJsonAsync("/stats", StatisticsJsonContext.Default.BalancerStatistics, Cancelled);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static BackendStatistics Find(BalancerStatistics? statistics, int port) =>
        statistics!.Pools[0].Backends.Single(backend => backend.Address.EndsWith($":{port}", StringComparison.Ordinal));

    private string Write(int[] ports)
    {
        var file = new ConfigurationFile { Services = { ["catalog"] = new() { ["http"] = [.. ports[..3].Select(port => $"http://127.0.0.1:{port}")] } } };
        file.LoadBalancer.Pools["catalog"] = new();
        file.LoadBalancer.Layer7.Listeners["edge"] = new() { Address = $"127.0.0.1:{ports[3]}" };
        file.LoadBalancer.Layer7.Routes["all"] = new() { Pool = "catalog" };
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{ports[4]}";
        var path = Path.Combine(_directory.FullName, "balancer.json");
        File.WriteAllText(path, file.ToJson());
        return path;
    }
}
