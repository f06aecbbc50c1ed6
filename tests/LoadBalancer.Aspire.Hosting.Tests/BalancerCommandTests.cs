using System.Net;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using Aspire.Hosting.Testing;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Tests;

/// <summary>The commands of balancers in the dashboard, and their health.</summary>
[Collection(nameof(AppHostCollection))]
public sealed class BalancerCommandTests(AppHostFixture fixture)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_balancer_has_the_commands_that_apply_to_it()
    {
        var edge = await RunningAsync("edge");
        var wire = await RunningAsync("wire");

        Assert.Equal(["set-policy", "set-share", "set-faults", "clear-faults", "purge-cache", "reset-statistics", "show-configuration"], OurCommands(edge));
        Assert.Equal(["set-policy", "set-faults", "clear-faults", "reset-statistics", "show-configuration"], OurCommands(wire));
        var policy = Annotation("edge", "set-policy");
        Assert.Equal(["auth", "settings", "chat", "catalog", "canary"], policy.Arguments[0].Options!.Select(option => option.Key));
        Assert.Contains(KeyValuePair.Create("LeastConnections", "Least connections"), policy.Arguments[1].Options!);
        Assert.Equal(["place", "latency", "jitter", "bytes-per-second", "reset-after-bytes", "refuse", "black-hole"], Annotation("wire", "set-faults").Arguments.Select(input => input.Name));
        Assert.Equal(["pool:echo", "pool:echo-udp", "pool:catalog", "pool:catalog-tls"], Annotation("wire", "set-faults").Arguments[0].Options!.Select(option => option.Key));
    }

    [Fact]
    public async Task A_policy_is_switched_at_once_and_the_log_says_so()
    {
        var done = await CommandAsync("edge", "set-policy", ("pool", "settings"), ("policy", "LeastConnections"));
        var switched = (await fixture.GetPoolAsync("edge", "settings")).Policy;
        await CommandAsync("edge", "set-policy", ("pool", "settings"), ("policy", "RoundRobin"));
        var partly = await CommandAsync("wire", "set-policy", ("pool", "echo"), ("policy", "RoundRobin"));

        Assert.Equal(SelectionPolicy.LeastConnections, switched);
        Assert.Equal("Pool 'settings' picks by LeastConnections, before by RoundRobin.", done.Message);
        Assert.Equal("Pool 'echo' picks by RoundRobin, as before. What has a policy of its own keeps it: listener 'echo'.", partly.Message);
        Assert.Contains(await LogAsync("edge"), line => line.Contains(done.Message!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_canary_share_goes_to_another_pool_until_it_is_taken_away()
    {
        var route = (await fixture.GetStatisticsAsync("edge")).Layer7.Routes.Single(route => route.Pool == "settings").Name;
        using var client = fixture.App.CreateHttpClient("edge", "http");

        var done = await CommandAsync("edge", "set-share", ("route", route), ("pool", "catalog"), ("percent", "100"));
        var canary = await ServiceAsync(client, "/settings/");
        await CommandAsync("edge", "set-share", ("route", route), ("pool", "catalog"), ("percent", "0"));
        client.DefaultRequestHeaders.ConnectionClose = true;
        var own = await ServiceAsync(client, "/settings/");

        Assert.Equal($"Route '{route}': 0 % to 'settings', 100 % to 'catalog'.", done.Message);
        Assert.Equal(("catalog", "settings"), (canary, own));
    }

    [Fact]
    public async Task Faults_at_a_route_or_a_pool_are_switched_on_and_off()
    {
        var route = (await fixture.GetStatisticsAsync("edge")).Layer7.Routes.Single(route => route.Pool == "settings").Name;
        using var client = fixture.App.CreateHttpClient("edge", "http");

        var on = await CommandAsync("edge", "set-faults", ("place", $"route:{route}"), ("status", "418"));
        await CommandAsync("edge", "set-faults", ("place", "pool:catalog"), ("latency", "1"));
        using (var faulty = await client.GetAsync("/settings/", Cancelled))
        {
            Assert.Equal(418, (int)faulty.StatusCode);
        }

        var off = await CommandAsync("edge", "clear-faults", ("place", $"route:{route}"));
        using (var well = await client.GetAsync("/settings/", Cancelled))
        {
            Assert.Equal(HttpStatusCode.OK, well.StatusCode);
        }

        Assert.Equal(1, (await fixture.GetPoolAsync("edge", "catalog")).Faults!.LatencyMilliseconds);
        var everywhere = await CommandAsync("edge", "clear-faults");
        Assert.Null((await fixture.GetPoolAsync("edge", "catalog")).Faults);
        Assert.Equal($"Faults at route '{route}': status 418.", on.Message);
        Assert.Equal($"No faults at route '{route}' any more.", off.Message);
        Assert.Equal("No faults any more at pool 'catalog'.", everywhere.Message);
        Assert.Equal("There were no faults.", (await CommandAsync("edge", "clear-faults")).Message);
    }

    [Fact]
    public async Task Stored_answers_are_removed_by_path_or_all()
    {
        using var client = fixture.App.CreateHttpClient("edge", "http");
        await CommandAsync("edge", "purge-cache");
        await client.GetStringAsync("/about", Cancelled);
        await client.GetStringAsync("/about", Cancelled);
        var stored = (await fixture.GetStatisticsAsync("edge")).Layer7.Cache.Entries;

        var other = await CommandAsync("edge", "purge-cache", ("path", "/nothing*"));
        var removed = await CommandAsync("edge", "purge-cache", ("path", "/about"));
        var left = (await fixture.GetStatisticsAsync("edge")).Layer7.Cache.Entries;

        Assert.Equal((1, 0), (stored, left));
        Assert.Equal(("0 stored answers of '/nothing*' removed.", "1 stored answer of '/about' removed."), (other.Message, removed.Message));
    }

    [Fact]
    public async Task Statistics_begin_anew_for_a_pool_or_all()
    {
        using var client = fixture.App.CreateHttpClient("edge", "http");
        await client.GetStringAsync("/settings/", Cancelled);
        var before = await fixture.GetStatisticsAsync("edge");

        var one = await CommandAsync("edge", "reset-statistics", ("pool", "settings"));
        var pool = await fixture.GetStatisticsAsync("edge");
        var all = await CommandAsync("edge", "reset-statistics");
        var after = await fixture.GetStatisticsAsync("edge");

        Assert.True(PicksOf(before) > 0);
        Assert.Equal((0, before.CountersSince), (PicksOf(pool), pool.CountersSince));
        Assert.True(pool.Layer7.Routes.Sum(route => route.Requests) > 0);
        Assert.Equal(0, after.Layer7.Routes.Sum(route => route.Requests));
        Assert.True(after.CountersSince > before.CountersSince);
        Assert.Equal(("The statistics of pool 'settings' begin anew.", "All statistics begin anew."), (one.Message, all.Message));
        await fixture.App.ResourceNotifications.WaitForResourceAsync(
            "edge-settings-1", report => report.Snapshot.Properties.Any(property => property is { Name: "Picks", Value: 0L }), Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);

        static long PicksOf(BalancerStatistics statistics) => statistics.Pools.Single(pool => pool.Name == "settings").Backends.Sum(backend => backend.Picks);
    }

    [Fact]
    public async Task The_configuration_is_shown_as_JSON_without_secrets()
    {
        var result = await CommandAsync("edge", "show-configuration");

        Assert.Equal((CommandResultFormat.Json, true), (result.Data!.Format, result.Data.DisplayImmediately));
        var balancer = JsonDocument.Parse(result.Data.Value).RootElement.GetProperty("LoadBalancer");
        Assert.Equal("edge", balancer.GetProperty("Name").GetString());
        Assert.Equal("***", balancer.GetProperty("Admin").GetProperty("Token").GetString());
        Assert.Equal("***", balancer.GetProperty("Layer7").GetProperty("Listeners").GetProperty("named").GetProperty("Tls").GetProperty("Certificates").GetProperty("shop").GetProperty("Password").GetString());
        var edge = (Layer7LoadBalancerResource)fixture.Balancer("edge");
        foreach (var secret in new[] { await edge.AdminTokenParameter!.GetValueAsync(Cancelled), await edge.AffinityKeyParameter!.GetValueAsync(Cancelled), "open-sesame" })
        {
            Assert.DoesNotContain(secret!, result.Data.Value, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("set-share", "percent: '1.5' is not allowed; must be a whole number from 0 to 100.", "route", "*", "pool", "catalog", "percent", "1.5")]
    [InlineData("set-share", "percent: '150' is not allowed; must be a whole number from 0 to 100.", "route", "*", "pool", "catalog", "percent", "150")]
    [InlineData("set-share", "'settings' is the own pool of route 'settings', which gets the rest; must be another.", "route", "*", "pool", "settings", "percent", "5")]
    [InlineData("set-faults", "Nothing was asked for; must have at least one fault.", "place", "pool:settings")]
    [InlineData("set-faults", "status: '42' is out of range; must be 200 to 599", "place", "pool:settings", "status", "42")]
    [InlineData("set-faults", "latency: '-1' is not allowed; must be a whole number.", "place", "pool:settings", "latency", "-1")]
    [InlineData("purge-cache", "path: 'about' is not allowed; must begin with '/', and may end with '*' for all that begin so", "path", "about")]
    public async Task What_cannot_be_is_refused_with_a_reason_and_changes_nothing(string command, string reason, params string[] arguments)
    {
        var before = await fixture.GetStatisticsAsync("edge");
        var route = before.Layer7.Routes.Single(route => route.Pool == "settings");

        var result = await ExecuteAsync("edge", command, [.. arguments.Chunk(2).Select(pair => (pair[0], pair[1] == "*" ? route.Name : pair[1]))]);

        Assert.False(result.Success);
        Assert.StartsWith(reason, result.Message, StringComparison.Ordinal);
        Assert.Contains(await LogAsync("edge"), line => line.Contains($"was refused: {reason}", StringComparison.Ordinal));
        var after = await fixture.GetStatisticsAsync("edge");
        Assert.Equal(route.Split, after.Layer7.Routes.Single(known => known.Name == route.Name).Split);
        Assert.All(after.Pools, pool => Assert.Null(pool.Faults));
    }

    [Fact]
    public async Task A_choice_that_is_none_is_refused_by_the_dashboard()
    {
        var result = await ExecuteAsync("edge", "set-policy", ("pool", "nosuch"), ("policy", "First"));

        Assert.False(result.Success);
        Assert.Equal("Command argument validation failed.", result.Message);
    }

    [Fact]
    public async Task A_balancer_that_is_stopped_refuses_and_shows_it()
    {
        await CommandAsync("wire", KnownResourceCommands.StopCommand);
        var stopped = await fixture.App.ResourceNotifications.WaitForResourceAsync("wire", report => KnownResourceStates.TerminalStates.Contains(report.Snapshot.State?.Text), Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled);
        var refused = await ExecuteAsync("wire", "reset-statistics");
        await CommandAsync("wire", KnownResourceCommands.StartCommand);
        await fixture.WaitForHealthyAsync("wire", "echo", 3);
        await fixture.WaitForHealthyAsync("wire", "echo-udp", 3);

        Assert.False(refused.Success);
        Assert.StartsWith("'wire' does not answer: ", refused.Message, StringComparison.Ordinal);
        Assert.All(stopped.Snapshot.Commands.Where(command => OurCommands(stopped.Snapshot).Contains(command.Name)), command => Assert.Equal(ResourceCommandState.Disabled, command.State));
    }

    [Fact]
    public async Task Health_is_that_it_listens_and_that_each_pool_has_a_healthy_backend()
    {
        // Other tests switch the policy and back; what is shown follows once a second.
        const string Well = "Pool 'settings': 1 of 1 backends healthy, Round robin.";
        var edge = (await fixture.App.ResourceNotifications.WaitForResourceAsync(
            "edge",
            report => report.Snapshot.HealthStatus == HealthStatus.Healthy && report.Snapshot.HealthReports.Any(check => check is { Name: "edge_settings_pool_check", Description: Well }),
            Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled)).Snapshot;

        Assert.Equal(
            ["edge_auth_pool_check", "edge_canary_pool_check", "edge_catalog_pool_check", "edge_chat_pool_check", "edge_settings_pool_check"],
            edge.HealthReports.Select(report => report.Name).Where(name => name.EndsWith("_pool_check", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(6, edge.HealthReports.Length);
        Assert.Equal(Well, edge.HealthReports.Single(report => report.Name == "edge_settings_pool_check").Description);

        var replica = (await fixture.GetPoolAsync("edge", "settings")).Backends.Single().Name;
        await CommandAsync(replica, KnownResourceCommands.StopCommand);
        // Aspire asks every 30 s while all is well; the check itself is what is meant.
        var check = await Eventually.GetAsync(CheckAsync, found => found.Status == HealthStatus.Unhealthy, AppHostFixture.StartDeadline);
        await CommandAsync(replica, KnownResourceCommands.StartCommand);
        var again = await Eventually.GetAsync(CheckAsync, found => found.Status == HealthStatus.Healthy, AppHostFixture.StartDeadline);

        Assert.StartsWith("Pool 'settings' has no healthy backend: ", check.Description, StringComparison.Ordinal);
        Assert.Equal(Well, again.Description);

        async Task<HealthReportEntry> CheckAsync() =>
            (await fixture.App.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(registration => registration.Name == "edge_settings_pool_check", Cancelled)).Entries.Values.Single();
    }

    private static string[] OurCommands(CustomResourceSnapshot snapshot) =>
        [.. snapshot.Commands.Select(command => command.Name).Where(name => name is BalancerCommands.SetPolicy or BalancerCommands.SetShare or BalancerCommands.SetFaults
            or BalancerCommands.ClearFaults or BalancerCommands.PurgeCache or BalancerCommands.ResetStatistics or BalancerCommands.ShowConfiguration)];

    private static async Task<string> ServiceAsync(HttpClient client, string path) =>
        JsonDocument.Parse(await client.GetStringAsync(path, Cancelled)).RootElement.GetProperty("service").GetString()!;

    private ResourceCommandAnnotation Annotation(string balancer, string command) =>
        fixture.Balancer(balancer).Annotations.OfType<ResourceCommandAnnotation>().Single(annotation => annotation.Name == command);

    private async Task<CustomResourceSnapshot> RunningAsync(string balancer) =>
        (await fixture.App.ResourceNotifications.WaitForResourceAsync(balancer, report => report.Snapshot.State?.Text == KnownResourceStates.Running, Cancelled).WaitAsync(AppHostFixture.StartDeadline, Cancelled)).Snapshot;

    private async Task<string[]> LogAsync(string resource) =>
        await fixture.App.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(IdOf(resource)).SelectMany(lines => lines.ToAsyncEnumerable()).Select(line => line.Content).ToArrayAsync(Cancelled);

    private string IdOf(string resource) => fixture.Events.Last(report => report.Resource.Name == resource).ResourceId;

    private async Task<ExecuteCommandResult> CommandAsync(string resource, string command, params (string Name, string Value)[] arguments)
    {
        var result = await ExecuteAsync(resource, command, arguments);
        Assert.True(result.Success, $"{command} of {resource}: {result.Message}");
        return result;
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(string resource, string command, params (string Name, string Value)[] arguments) =>
        await fixture.App.ResourceCommands.ExecuteCommandAsync(
            resource, command, new InteractionInputCollection([.. arguments.Select(argument => new InteractionInput { Name = argument.Name, InputType = InputType.Text, Value = argument.Value })]), Cancelled);
}
