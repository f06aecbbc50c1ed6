using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Tests;

/// <summary>What the dashboard shows below a balancer, and the commands there.</summary>
[Collection(nameof(AppHostCollection))]
public sealed class BackendRowTests(AppHostFixture fixture)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_replica_has_a_row_below_each_balancer_that_sends_to_it()
    {
        var rows = Rows("edge", "catalog");

        Assert.Equal(["edge-catalog-1", "edge-catalog-2", "edge-catalog-3"], rows);
        Assert.Equal(["wire-echo-1", "wire-echo-2", "wire-echo-3"], Rows("wire", "echo"));
        var snapshots = await Task.WhenAll(rows.Select(row => WaitAsync(row, snapshot => snapshot.State?.Text == "Healthy")));
        var backends = (await fixture.GetPoolAsync("edge", "catalog")).Backends;
        Assert.Equal(backends.Select(backend => backend.Name).Order(StringComparer.Ordinal), snapshots.Select(snapshot => Property(snapshot, "Replica")).Order(StringComparer.Ordinal));
        Assert.All(snapshots, snapshot =>
        {
            var backend = backends.Single(backend => backend.Name == Property(snapshot, "Replica"));
            Assert.Equal((backend.Address, "catalog", "1"), (Property(snapshot, "Address"), Property(snapshot, "Pool"), Property(snapshot, "Weight")));
            Assert.Equal(("Round robin", $"http://{backend.Address}"), (Property(snapshot, "Policy"), snapshot.Urls.Single().Url));
            Assert.StartsWith("edge-", Property(snapshot, "resource.parentName"), StringComparison.Ordinal);
            Assert.Contains(snapshot.Relationships, relationship => relationship is { ResourceName: "catalog", Type: "Reference" });
        });
    }

    [Fact]
    public async Task A_row_counts_the_picks_of_its_backend()
    {
        var row = Rows("edge", "settings").Single();
        await WaitAsync(row, snapshot => snapshot.State?.Text == "Healthy");
        using var client = fixture.App.CreateHttpClient("edge", "http");
        for (var i = 0; i < 7; i++)
        {
            await client.GetStringAsync("/settings/", Cancelled);
        }

        var backend = (await fixture.GetPoolAsync("edge", "settings")).Backends.Single();
        var picks = backend.Picks;
        var snapshot = await WaitAsync(row, snapshot => Property(snapshot, "Picks") == $"{picks}");

        Assert.True(picks >= 7);
        Assert.Contains($", {picks} picks, ", Property(snapshot, "resource.source"), StringComparison.Ordinal);
        Assert.EndsWith(" ms", Property(snapshot, "Latency"), StringComparison.Ordinal);
        // Other tests stop the one replica; what failed then counts as well.
        Assert.Equal($"{backend.Failures}", Property(snapshot, "Failures"));
    }

    [Fact]
    public async Task Draining_a_row_drains_the_backend_and_resuming_ends_it()
    {
        const string Row = "edge-catalog-2";
        var replica = Property(await WaitAsync(Row, snapshot => snapshot.State?.Text == "Healthy"), "Replica");

        await CommandAsync(Row, "drain");
        var drained = (await fixture.GetPoolAsync("edge", "catalog")).Backends.Single(backend => backend.Name == replica);
        var shown = await WaitAsync(Row, snapshot => snapshot.State?.Text == "Draining");
        await CommandAsync(Row, "resume");
        await WaitAsync(Row, snapshot => snapshot.State?.Text == "Healthy");

        Assert.Equal(BackendState.Draining, drained.State);
        Assert.Equal(
            [("drain", ResourceCommandState.Disabled), ("resume", ResourceCommandState.Enabled)],
            shown.Commands.Where(command => command.Name is "drain" or "resume").Select(command => (command.Name, command.State)));
    }

    [Fact]
    public async Task A_command_with_a_value_takes_it_and_one_that_is_refused_says_why()
    {
        const string Row = "wire-echo-1";
        var replica = Property(await WaitAsync(Row, snapshot => snapshot.State?.Text == "Healthy"), "Replica");

        await CommandAsync(Row, "set-weight", ("weight", "7"));
        var heavy = await WaitAsync(Row, snapshot => Property(snapshot, "Weight") == "7");
        var refused = await fixture.App.ResourceCommands.ExecuteCommandAsync(Row, "set-weight", Arguments(("weight", "257")), Cancelled);
        await CommandAsync(Row, "set-faults", ("latency", "5"));
        var faulty = (await fixture.GetPoolAsync("wire", "echo")).Backends.Single(backend => backend.Name == replica).Faults;
        await CommandAsync(Row, "clear-faults");
        await CommandAsync(Row, "set-weight", ("weight", "1"));

        Assert.Equal(replica, Property(heavy, "Replica"));
        Assert.False(refused.Success);
        Assert.Equal("weight: '257' is out of range; must be 1 to 256", refused.Message);
        Assert.Equal(5, faulty!.LatencyMilliseconds);
        Assert.Null((await fixture.GetPoolAsync("wire", "echo")).Backends.Single(backend => backend.Name == replica).Faults);
        var log = await fixture.App.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(Row).SelectMany(lines => lines.ToAsyncEnumerable()).Select(line => line.Content).ToArrayAsync(Cancelled);
        Assert.Contains(log, line => line.Contains("weight 7", StringComparison.Ordinal));
        Assert.Contains(log, line => line.Contains("'257' is out of range", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_row_whose_replica_stops_is_empty_and_gets_it_back()
    {
        const string Row = "edge-auth-1";
        var replica = Property(await WaitAsync(Row, snapshot => snapshot.State?.Text == "Healthy"), "Replica")!;

        await CommandAsync(replica, KnownResourceCommands.StopCommand);
        var empty = await WaitAsync(Row, snapshot => snapshot.State?.Text == "Not running");
        await CommandAsync(replica, KnownResourceCommands.StartCommand);
        var back = await WaitAsync(Row, snapshot => snapshot.State?.Text == "Healthy");

        Assert.Equal((replica, null), (Property(empty, "Replica"), Property(empty, "Address")));
        Assert.Equal(replica, Property(back, "Replica"));
    }

    [Fact]
    public async Task The_client_that_the_package_ships_reads_statistics_and_gives_commands()
    {
        using var edge = await fixture.App.CreateLoadBalancerClientAsync("edge", Cancelled);

        var backend = (await edge.GetStatisticsAsync(Cancelled)).Pools.Single(pool => pool.Name == "catalog").Backends[0];
        var heavy = await edge.SetWeightAsync("catalog", backend.Name, 2, Cancelled);
        var light = await edge.SetWeightAsync("catalog", backend.Address, 1, Cancelled);
        var missing = await Assert.ThrowsAsync<LoadBalancerCommandException>(() => edge.DrainAsync("catalog", "nobody", Cancelled));
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() => fixture.App.CreateLoadBalancerClientAsync("eddie", Cancelled));

        Assert.Equal((2, 1), (heavy.Weight, light.Weight));
        Assert.StartsWith("There is no backend 'nobody' in pool 'catalog'; it has ", missing.Message, StringComparison.Ordinal);
        Assert.StartsWith("There is no load balancer 'eddie'; there are wire, edge.", unknown.Message, StringComparison.Ordinal);
    }

    private string[] Rows(string balancer, string pool) =>
        [.. fixture.App.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<LoadBalancerBackendResource>()
            .Where(row => row.Parent.Name == balancer && row.Pool == pool).Select(row => row.Name)];

    private async Task CommandAsync(string resource, string command, params (string Name, string Value)[] arguments)
    {
        var result = await fixture.App.ResourceCommands.ExecuteCommandAsync(resource, command, Arguments(arguments), Cancelled);
        Assert.True(result.Success, $"{command} of {resource}: {result.Message}");
    }

    private static InteractionInputCollection Arguments(params (string Name, string Value)[] arguments) =>
        new([.. arguments.Select(argument => new InteractionInput { Name = argument.Name, InputType = InputType.Text, Value = argument.Value })]);

    private async Task<CustomResourceSnapshot> WaitAsync(string row, Func<CustomResourceSnapshot, bool> expected) =>
        (await fixture.App.ResourceNotifications.WaitForResourceAsync(row, report => expected(report.Snapshot), Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled)).Snapshot;

    private static string? Property(CustomResourceSnapshot snapshot, string name) => snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value?.ToString();
}
