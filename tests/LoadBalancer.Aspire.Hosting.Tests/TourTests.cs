using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Tests;

/// <summary>The commands of the load generator, as the dashboard gives them.</summary>
[Collection(nameof(AppHostCollection))]
public sealed class TourTests(AppHostFixture fixture)
{
    private const string Generator = "load-generator";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_step_of_the_tour_is_a_command_and_one_runs_them_all()
    {
        var resource = await fixture.App.ResourceNotifications.WaitForResourceHealthyAsync(Generator, Cancelled).WaitAsync(Patience, Cancelled);

        string[] expected = ["all", "sees", "kept-alive-l4", "kept-alive-l7", "connections", "nat", "tls", "paths", "cache", "limits", "sticky", "canary", "slow", "kill"];
        Assert.Equal(expected, resource.Snapshot.Commands.Select(command => command.Name).Intersect(expected));
    }

    [Theory]
    [InlineData("kept-alive-l4", "✓ answers of the busiest replica: 30")]
    [InlineData("kept-alive-l7", "✓ answers of the busiest replica: 10")]
    [InlineData("tls", "✓ certificates seen through Layer 4: 3")]
    [InlineData("canary", "✓ clients of 100 that the canary got: 20")]
    public async Task A_command_runs_its_step_and_prints_it(string step, string line)
    {
        var resource = await fixture.App.ResourceNotifications.WaitForResourceHealthyAsync(Generator, Cancelled).WaitAsync(Patience, Cancelled);

        var result = await fixture.App.ResourceCommands.ExecuteCommandAsync(resource.ResourceId, step, Cancelled);

        Assert.True(result.Success, result.Message);
        Assert.StartsWith($"{step} passed", result.Message, StringComparison.Ordinal);
        await WaitForLineAsync(resource.ResourceId, line);
    }

    [Fact]
    public async Task A_replica_that_the_tour_kills_is_started_again()
    {
        var resource = await fixture.App.ResourceNotifications.WaitForResourceHealthyAsync(Generator, Cancelled).WaitAsync(Patience, Cancelled);

        var before = (await Task.WhenAll(fixture.GetPoolAsync("edge", "catalog"), fixture.GetPoolAsync("wire", "catalog"))).SelectMany(pool => pool.Backends).Select(backend => backend.Address).ToHashSet();

        var result = await fixture.App.ResourceCommands.ExecuteCommandAsync(resource.ResourceId, "kill", Cancelled);

        Assert.True(result.Success, result.Message);
        await WaitForLineAsync(resource.ResourceId, "✓ requests through Layer 7 that failed: 0");
        foreach (var balancer in new[] { "edge", "wire" })
        {
            // It has another address now, and until a balancer has heard of that there are three healthy ones as before.
            await Eventually.GetAsync(
                () => fixture.GetPoolAsync(balancer, "catalog"),
                pool => pool.Healthy == 3 && pool.Backends.Count == 3 && pool.Backends.Any(backend => !before.Contains(backend.Address)),
                AppHostFixture.StartDeadline);
        }
    }

    private async Task WaitForLineAsync(string resource, string line)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(Patience);
        await foreach (var lines in fixture.App.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource).WithCancellation(limit.Token))
        {
            if (lines.Any(found => found.Content.Contains(line, StringComparison.Ordinal)))
            {
                return;
            }
        }
    }
}
