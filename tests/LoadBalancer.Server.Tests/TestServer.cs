using System.Net.Http.Json;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Server.Configuration;
using Microsoft.AspNetCore.Builder;

namespace LoadBalancer.Server.Tests;

/// <summary>The server in this process, on free ports, with a configuration file of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory;
    private readonly WebApplication _app;

    private TestServer(DirectoryInfo directory, WebApplication app)
    {
        _directory = directory;
        _app = app;
        Admin = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = Patience };
    }

    public HttpClient Admin { get; }

    public string Path => System.IO.Path.Combine(_directory.FullName, "balancer.json");

    /// <summary>Starts with the file; the admin endpoint takes a free port.</summary>
    /// <param name="file">The file.</param>
    /// <param name="whileStarting">Called between the first read of the file and the start.</param>
    public static async Task<TestServer> StartAsync(ConfigurationFile file, Action<string>? whileStarting = null)
    {
        file.LoadBalancer.Admin.Address = "127.0.0.1:0";
        file.Logging = JsonDocument.Parse("""{ "LogLevel": { "Default": "None" } }""").RootElement;
        var directory = Directory.CreateTempSubdirectory("lb-server-test-");
        var path = System.IO.Path.Combine(directory.FullName, "balancer.json");
        await File.WriteAllTextAsync(path, file.ToJson(), TestContext.Current.CancellationToken);
        var candidate = ConfigurationCandidate.Read(path);
        Assert.Empty(candidate.Errors);
        whileStarting?.Invoke(path);
        var app = ServerApplication.Build(path, candidate);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(directory, app);
    }

    public async Task<BalancerStatistics> GetStatisticsAsync() =>
        (await Admin.GetFromJsonAsync("/stats", StatisticsJsonContext.Default.BalancerStatistics, TestContext.Current.CancellationToken))!;

    /// <summary>Writes the file as the Aspire extension does: aside, then renamed over.</summary>
    public void Replace(string text)
    {
        var aside = Path + ".new";
        File.WriteAllText(aside, text);
        File.Move(aside, Path, overwrite: true);
    }

    public async Task<BalancerStatistics> WaitForAsync(Func<BalancerStatistics, bool> condition)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var statistics = await GetStatisticsAsync();
            if (condition(statistics))
            {
                return statistics;
            }

            Assert.True(DateTime.UtcNow < deadline, "the condition did not become true in time");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
