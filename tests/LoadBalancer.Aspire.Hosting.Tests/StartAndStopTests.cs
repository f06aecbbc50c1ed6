using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Tests;

/// <summary>What balancers add to the start and the end of an AppHost.</summary>
public sealed class StartAndStopTests
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_that_do_not_end_hold_up_the_stop_for_the_drain_time_and_no_longer()
    {
        await using var endless = await StartEndlessAsync();
        var builder = await SmallAppHost.NewBuilderAsync(Cancelled);
        var service = builder.AddExternalService("endless", endless.Urls.Single());
        builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", service).WithDrainTimeout(DrainTime);
        builder.AddLayer4LoadBalancer("wire").WithTcpListener("endless", null, service.AsBackend()).WithDrainTimeout(DrainTime);
        await using var app = await builder.StartAsync(Cancelled);
        await app.WaitForBackendsAsync("edge", 1, Cancelled);
        await app.WaitForBackendsAsync("wire", 1, Cancelled);
        using var client = new HttpClient();
        using var request = await client.GetAsync(app.GetEndpoint("edge", "http"), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var connection = await client.GetAsync(new UriBuilder(app.GetEndpoint("wire", "endless")) { Scheme = "http" }.Uri, HttpCompletionOption.ResponseHeadersRead, Cancelled);

        var started = Stopwatch.GetTimestamp();
        await app.StopAsync(Cancelled);
        var took = Stopwatch.GetElapsedTime(started);

        // The orchestrator kills what it has waited for ten seconds for: the balancers ended by themselves.
        Assert.True(took < TimeSpan.FromSeconds(10), $"The AppHost stopped after {took}");
    }

    /// <summary>docs/performance.md says how to run it, and what it gave.</summary>
    [Fact(Explicit = true)]
    public async Task Measure_the_start_of_an_AppHost_with_and_without_a_balancer()
    {
        const int Runs = 5;
        await StartupAsync(balancers: 1);
        var rows = new List<(TimeSpan Without, TimeSpan One, TimeSpan Three)>();
        for (var run = 0; run < Runs; run++)
        {
            // In turns, so that what else the machine does meets all of them.
            rows.Add((await StartupAsync(balancers: 0), await StartupAsync(balancers: 1), await StartupAsync(balancers: 3)));
        }

        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine("run  without  one balancer  three balancers (s)");
        foreach (var (index, row) in rows.Index())
        {
            output.WriteLine($"{index + 1}    {row.Without.TotalSeconds:0.00}     {row.One.TotalSeconds:0.00}          {row.Three.TotalSeconds:0.00}");
        }

        var (without, one, three) = (Median(rows.Select(row => row.Without)), Median(rows.Select(row => row.One)), Median(rows.Select(row => row.Three)));
        output.WriteLine($"median {without:0.00}  {one:0.00} (+{one - without:0.00})  {three:0.00} (+{three - without:0.00})");
    }

    // From the start of the AppHost until its service and its balancers answer.
    private static async Task<TimeSpan> StartupAsync(int balancers)
    {
        var started = Stopwatch.GetTimestamp();
        var builder = await SmallAppHost.NewBuilderAsync(Cancelled);
        var service = builder.AddSample("service", "Catalog").WithHttpEndpoint(env: "ASPNETCORE_HTTP_PORTS").WithHttpHealthCheck("/health");
        for (var i = 1; i <= balancers; i++)
        {
            builder.AddLayer7LoadBalancer($"edge-{i}").WithRoute("/{**rest}", service);
        }

        await using var app = await builder.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service", Cancelled);
        for (var i = 1; i <= balancers; i++)
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync($"edge-{i}", Cancelled);
            using var client = app.CreateHttpClient($"edge-{i}", "http");
            await Eventually.GetAsync(
                async () =>
                {
                    using var answer = await client.GetAsync("/", Cancelled);
                    return answer.IsSuccessStatusCode;
                },
                succeeded => succeeded,
                AppHostFixture.StartDeadline);
        }

        var took = Stopwatch.GetElapsedTime(started);
        await app.StopAsync(Cancelled);
        return took;
    }

    private static double Median(IEnumerable<TimeSpan> times) => times.Order().ToArray() is var ordered ? ordered[ordered.Length / 2].TotalSeconds : 0;

    private static async Task<WebApplication> StartEndlessAsync()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await app.StartAsync(Cancelled);
        return app;
    }
}
