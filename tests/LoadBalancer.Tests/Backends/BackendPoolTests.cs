using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Tests.Backends;

public sealed class BackendPoolTests
{
    [Fact]
    public void An_empty_pool_gives_nothing()
    {
        var pool = Some.Pool();

        Assert.Null(pool.Pick(pool.Policy, 0));
        Assert.Null(pool.Pick(pool.Policy, 0, Some.Backends(1)));
        Assert.Empty(pool.Snapshot.Members);
    }

    [Fact]
    public void A_pick_counts_until_it_is_released()
    {
        var pool = Some.Pool(Some.Addresses(0));

        var picked = pool.Pick(pool.Policy, 0);
        pool.TryAcquire(picked!);

        Assert.Equal((2, 2L), (picked!.Active, picked.Picks));
        pool.Release(picked);
        pool.Release(picked);
        Assert.Equal((0, 2L), (picked.Active, picked.Picks));
    }

    [Fact]
    public void A_backend_that_is_excluded_is_not_picked()
    {
        var pool = Some.Pool(Some.Addresses(0, 1, 2));
        var first = pool.Snapshot.Members[0];
        var second = pool.Snapshot.Members[1];

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(pool.Snapshot.Members[2], pool.Pick(pool.Policy, 0, [first, second])));
        Assert.Equal((0L, 0L, 50L), (first.Picks, second.Picks, pool.Snapshot.Members[2].Picks));
    }

    [Fact]
    public void When_all_are_excluded_there_is_none()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));

        Assert.Null(pool.Pick(pool.Policy, 0, [.. pool.Snapshot.Members]));
    }

    [Fact]
    public void Members_are_in_the_order_of_discovery_and_each_address_once()
    {
        var pool = Some.Pool(Some.Addresses(2, 0, 1, 0, 2));

        Assert.Equal(["10.0.0.3:5000", "10.0.0.1:5000", "10.0.0.2:5000"], pool.Snapshot.Members.Select(backend => backend.Id));
    }

    [Fact]
    public void A_backend_that_stays_keeps_its_counters_when_others_come_and_go()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var stays = pool.Snapshot.Members[1];
        stays.Busy(3);
        pool.ReportFailure(stays, "reset");

        pool.SetMembers(Some.Addresses(2, 1));

        Assert.Same(stays, pool.Snapshot.Find("10.0.0.2:5000"));
        Assert.Equal((3, 3L, 1L), (stays.Active, stays.Picks, stays.Failures));
        Assert.Equal(["10.0.0.3:5000", "10.0.0.2:5000"], pool.Snapshot.Members.Select(backend => backend.Id));
    }

    [Fact]
    public void A_backend_that_leaves_idle_is_gone_at_once()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var gone = pool.Snapshot.Members[0];

        pool.SetMembers(Some.Addresses(1));

        Assert.Equal(BackendState.Draining, gone.State);
        Assert.Equal(["10.0.0.2:5000"], pool.Snapshot.Members.Select(backend => backend.Id));
    }

    [Fact]
    public void A_backend_that_leaves_busy_drains_and_goes_with_its_last_connection()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var leaving = pool.Snapshot.Members[0];
        pool.TryAcquire(leaving);
        pool.TryAcquire(leaving);
        var changes = 0;
        pool.Changed += _ => changes++;

        pool.SetMembers(Some.Addresses(1));
        Assert.Equal(BackendState.Draining, leaving.State);
        Assert.Contains(leaving, pool.Snapshot.Members);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.NotSame(leaving, pool.Pick(pool.Policy, 0)));

        pool.Release(leaving);
        Assert.Contains(leaving, pool.Snapshot.Members);
        Assert.Equal(1, changes);

        pool.Release(leaving);
        Assert.DoesNotContain(leaving, pool.Snapshot.Members);
        Assert.Equal(2, changes);
    }

    [Fact]
    public void A_backend_that_comes_back_while_it_drains_is_the_same_again()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var returning = pool.Snapshot.Members[0];
        pool.TryAcquire(returning);
        pool.SetMembers(Some.Addresses(1));

        pool.SetMembers(Some.Addresses(0, 1));

        Assert.Same(returning, pool.Snapshot.Members[0]);
        Assert.Equal((BackendState.Healthy, 1), (returning.State, returning.Active));
        pool.Release(returning);
        Assert.Same(returning, pool.Snapshot.Find(returning.Id));
    }

    [Fact]
    public void A_backend_that_comes_back_after_it_was_gone_starts_anew()
    {
        var pool = Some.Pool(Some.Addresses(0));
        var old = pool.Pick(pool.Policy, 0)!;
        pool.Release(old);
        pool.SetMembers([]);
        pool.SetMembers(Some.Addresses(0));

        Assert.NotSame(old, pool.Snapshot.Members[0]);
        Assert.Equal(0, pool.Snapshot.Members[0].Picks);
    }

    [Fact]
    public void A_newcomer_is_checked_first_where_there_are_health_checks()
    {
        var pool = new BackendPool("p", "http://p", new() { PanicThreshold = 100 }, NullLogger.Instance);
        pool.SetMembers(Some.Addresses(0));
        var newcomer = pool.Snapshot.Members[0];

        Assert.Equal(BackendState.Checking, newcomer.State);
        Assert.Null(pool.Pick(pool.Policy, 0));

        pool.SetHealth(newcomer, healthy: true, "");
        Assert.Same(newcomer, pool.Pick(pool.Policy, 0));

        pool.SetHealth(newcomer, healthy: false, "");
        Assert.Equal(BackendState.Unhealthy, newcomer.State);
        Assert.Null(pool.Pick(pool.Policy, 0));
    }

    [Fact]
    public void A_check_that_ends_after_its_backend_left_does_not_bring_it_back()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var leaving = pool.Snapshot.Members[0];
        pool.TryAcquire(leaving);
        pool.SetMembers(Some.Addresses(1));

        pool.SetHealth(leaving, healthy: true, "");

        Assert.Equal(BackendState.Draining, leaving.State);
        Assert.Equal(1, pool.Snapshot.Available.Length);
    }

    [Fact]
    public void A_change_is_announced_after_it_is_in_place_and_a_health_report_without_news_is_not()
    {
        var pool = new BackendPool("p", "http://p", Some.WithoutChecks with { PanicThreshold = 100 }, NullLogger.Instance);
        pool.SetMembers(Some.Addresses(0));
        var available = new List<int>();
        pool.Changed += changed => available.Add(changed.Snapshot.Available.Length);
        var backend = pool.Snapshot.Members[0];

        pool.SetHealth(backend, healthy: true, "");
        pool.SetHealth(backend, healthy: false, "");
        pool.SetHealth(backend, healthy: false, "");
        pool.SetHealth(backend, healthy: true, "");

        Assert.Equal([0, 1], available);
    }

    [Fact]
    public void Names_and_weights_come_from_the_options_by_address()
    {
        var pool = new BackendPool("p", "http://p", Named("127.0.0.1:5000", "one", 7), NullLogger.Instance);
        pool.SetMembers([IPEndPoint.Parse("127.0.0.1:5000"), IPEndPoint.Parse("127.0.0.1:5001")]);

        Assert.Equal([("one", 7), ("127.0.0.1:5001", 1)], pool.Snapshot.Members.Select(backend => (backend.Name, backend.Weight)));
    }

    [Fact]
    public void Configure_renames_and_reweighs_members_in_place()
    {
        var pool = new BackendPool("p", "http://p", Named("127.0.0.1:5000", "one", 7), NullLogger.Instance);
        pool.SetMembers([IPEndPoint.Parse("127.0.0.1:5000"), IPEndPoint.Parse("127.0.0.1:5001")]);
        var members = pool.Snapshot.Members;

        pool.Configure(Named("127.0.0.1:5001", "two", 3));

        Assert.Equal(members, pool.Snapshot.Members);
        // One that is no longer named is about to leave and keeps its name for the log.
        Assert.Equal([("one", 1), ("two", 3)], members.Select(backend => (backend.Name, backend.Weight)));
    }

    [Fact]
    public void Configure_changes_the_policy_and_keeps_one_that_stays()
    {
        var pool = Some.Pool(Some.Addresses(0, 1));
        var policy = pool.Policy;

        pool.Configure(Some.WithoutChecks with { });
        Assert.Same(policy, pool.Policy);

        pool.Configure(Some.WithoutChecks with { Policy = SelectionPolicy.SourceHash });
        Assert.IsType<HashPolicy>(pool.Policy);
        Assert.Equal(SelectionPolicy.SourceHash, pool.GetStatistics().Policy);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_health_checks_every_member_is_taken_to_be_healthy(bool failed)
    {
        var pool = new BackendPool("p", "http://p", new(), NullLogger.Instance);
        pool.SetMembers(Some.Addresses(0));
        if (failed)
        {
            pool.SetHealth(pool.Snapshot.Members[0], healthy: false, "");
        }

        pool.Configure(Some.WithoutChecks);

        Assert.Equal(1, pool.Snapshot.Available.Length);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5000", "127.0.0.1:5000", false)]
    [InlineData("https://127.0.0.1:5000", "127.0.0.1:5000", true)]
    [InlineData("http://[::1]:5000", "[::1]:5000", false)]
    [InlineData("http://127.0.0.1:80", "127.0.0.1:80", false)]
    [InlineData("http://127.0.0.1", "127.0.0.1:80", false)]
    [InlineData("https://[::1]", "[::1]:443", true)]
    [InlineData("tcp://127.0.0.1:7000", "127.0.0.1:7000", false)]
    public void An_address_given_as_a_url_is_a_socket_address(string url, string id, bool isHttps)
    {
        var pool = Some.Pool(new UriEndPoint(new Uri(url)));

        var backend = Assert.Single(pool.Snapshot.Members);
        Assert.Equal((id, isHttps), (backend.Id, backend.IsHttps));
        Assert.Equal(IPEndPoint.Parse(id), backend.EndPoint);
    }

    [Theory]
    [InlineData("http://example.com:8080", "example.com:8080")]
    [InlineData("https://Example.com", "example.com:443")]
    public void A_host_name_given_as_a_url_is_resolved_when_it_is_connected(string url, string id)
    {
        var pool = Some.Pool(new UriEndPoint(new Uri(url)));

        var backend = Assert.Single(pool.Snapshot.Members);
        Assert.Equal(id, backend.Id);
        Assert.Equal(new DnsEndPoint("example.com", int.Parse(id.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)), backend.EndPoint);
    }

    [Fact]
    public void Statistics_are_the_figures_of_the_moment()
    {
        var pool = new BackendPool("catalog", "http://catalog", Named("10.0.0.1:5000", "catalog-1", 4), NullLogger.Instance);
        pool.SetMembers(Some.Addresses(0, 1));
        pool.SetHealth(pool.Snapshot.Members[0], healthy: true, "first health check passed");
        pool.ReportFailure(pool.Pick(pool.Policy, 0)!, "reset");
        pool.Snapshot.Members[1].LastError = "connect failed: ConnectionRefused";

        var statistics = pool.GetStatistics();

        Assert.Equal(("catalog", "http://catalog", SelectionPolicy.RoundRobin, 1), (statistics.Name, statistics.Service, statistics.Policy, statistics.Healthy));
        Assert.Equal(
            [
                new BackendStatistics("catalog-1", "10.0.0.1:5000", BackendState.Healthy, "first health check passed", 4, 0, null, 1, 1, 1, 0, null, null, null, 1_000),
                new BackendStatistics("10.0.0.2:5000", "10.0.0.2:5000", BackendState.Checking, null, 1, 0, null, 0, 0, 0, 0, null, "connect failed: ConnectionRefused", null, null),
            ],
            statistics.Backends);
    }

    private static PoolOptions Named(string address, string name, int weight) => new() { Backends = { [name] = new() { Address = address, Weight = weight } } };
}
