using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Discovery;

public sealed class PoolDiscoveryTests : IAsyncDisposable
{
    private readonly DiscoveringPools _discovering = new();

    public ValueTask DisposeAsync() => _discovering.DisposeAsync();

    [Fact]
    public async Task Every_address_of_a_name_becomes_a_backend()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001", "127.0.0.1:5002", "http://[::1]:5003", "http://example.com");

        var pool = await _discovering.StartAsync("catalog");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001", "127.0.0.1:5002", "[::1]:5003", "example.com:80");
        Assert.Equal(4, pool.Snapshot.Available.Length);
        Assert.Empty(_discovering.Complaints);
    }

    [Fact]
    public async Task A_change_of_the_configuration_is_followed_at_once()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001");
        var pool = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001");
        var first = pool.Snapshot.Members[0];

        // The clock stands still: only the change itself can bring the new addresses.
        for (var port = 5002; port < 5010; port++)
        {
            _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001", $"http://127.0.0.1:{port}");
            await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001", $"127.0.0.1:{port}");
        }

        Assert.Same(first, pool.Snapshot.Members[0]);
    }

    [Fact]
    public async Task A_service_that_appears_later_is_found()
    {
        _discovering.Configuration.Set("catalog", "http");
        var pool = await _discovering.StartAsync("catalog");
        await Eventually.TrueAsync(() => _discovering.Complaints.Count == 1);
        Assert.Empty(pool.Snapshot.Members);

        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001");
    }

    [Fact]
    public async Task An_empty_list_keeps_the_last_good_set_and_is_logged_once()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001", "http://127.0.0.1:5002");
        var pool = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001", "127.0.0.1:5002");
        var snapshot = pool.Snapshot;

        for (var i = 0; i < 4; i++)
        {
            var resolutions = _discovering.Resolutions.Count;
            _discovering.Configuration.Set("catalog", "http");
            await Eventually.TrueAsync(() => _discovering.Resolutions.Count > resolutions);
        }

        await Eventually.TrueAsync(() => _discovering.Complaints.Count > 0);
        Assert.Equal(["Pool catalog: service 'http://catalog' has no address; known backends are kept: 2."], _discovering.Complaints);
        Assert.Same(snapshot, pool.Snapshot);

        // Trouble that comes again after all was well is news.
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5002");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5002");
        _discovering.Configuration.Set("catalog", "http");
        await Eventually.TrueAsync(() => _discovering.Complaints.Count == 2);
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5002");
    }

    [Fact]
    public async Task An_empty_list_ends_all_backends_where_it_is_to_be_believed_and_the_next_one_brings_them_back()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001", "http://127.0.0.1:5002");
        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("catalog", Some.WithoutChecks with { KeepLastBackends = false }));
        var pool = _discovering.Pools.Find("catalog")!;
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001", "127.0.0.1:5002");

        _discovering.Configuration.Set("catalog", "http");
        await DiscoveringPools.HasAsync(pool);
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5002");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5002");
        Assert.Empty(_discovering.Complaints);
    }

    [Theory]
    [InlineData("Services:catalog", null)]
    [InlineData("Services:catalog:http", null)]
    [InlineData("Services:catalog:http", "")]
    [InlineData("Services:catalog:https:0", "https://127.0.0.1:5001")]
    public async Task A_service_that_the_configuration_has_without_an_address_is_not_taken_for_a_host_name(string key, string? value)
    {
        _discovering.Configuration.Replace(new() { [key] = value });

        var pool = await _discovering.StartAsync("catalog");

        await Eventually.TrueAsync(() => _discovering.Complaints.Count > 0 || !pool.Snapshot.Members.IsEmpty);
        Assert.Empty(pool.Snapshot.Members);
        Assert.Equal(["Pool catalog: service 'http://catalog' has no address; the pool has no backend."], _discovering.Complaints);
    }

    [Fact]
    public async Task A_lookup_that_fails_keeps_the_last_good_set_and_is_logged_once_until_it_works_again()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001");
        var pool = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001");
        var snapshot = pool.Snapshot;

        // Service discovery throws at an index that is no number.
        _discovering.Configuration.Replace(new() { ["Services:catalog:http:first"] = "http://127.0.0.1:5002" });
        await Eventually.TrueAsync(() => _discovering.Complaints.Count > 0);
        var attempts = _discovering.Attempts.Count;
        await Eventually.TrueAsync(() =>
        {
            _discovering.Time.Advance(TimeSpan.FromSeconds(1));
            return _discovering.Attempts.Count > attempts + 3;
        });

        var complaint = Assert.Single(_discovering.Complaints);
        Assert.StartsWith("Pool catalog: service 'http://catalog' cannot be resolved: ", complaint, StringComparison.Ordinal);
        Assert.EndsWith("; known backends are kept: 1.", complaint, StringComparison.Ordinal);
        Assert.Same(snapshot, pool.Snapshot);

        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5003");
        await Eventually.TrueAsync(() =>
        {
            _discovering.Time.Advance(TimeSpan.FromSeconds(1));
            return pool.Snapshot.Find("127.0.0.1:5003") is not null;
        });
    }

    [Theory]
    [InlineData("http://localhost:5005", "localhost:5005")]
    [InlineData("http://example.com", "example.com:80")]
    [InlineData("tcp://db.example.com:5432", "db.example.com:5432")]
    [InlineData("http://127.0.0.1:5005", "127.0.0.1:5005")]
    [InlineData("http://[::1]:5005", "[::1]:5005")]
    public async Task A_name_that_the_configuration_does_not_have_is_a_host(string service, string id)
    {
        var pool = await _discovering.StartAsync("outside", service);

        await DiscoveringPools.HasAsync(pool, id);
    }

    [Fact]
    public async Task A_host_without_a_port_has_no_address_where_the_scheme_has_no_port_of_its_own()
    {
        var pool = await _discovering.StartAsync("outside", "tcp://db.example.com");

        await Eventually.TrueAsync(() => _discovering.Complaints.Count == 1);
        Assert.Empty(pool.Snapshot.Members);
    }

    [Fact]
    public async Task The_named_endpoint_of_a_service_is_used()
    {
        _discovering.Configuration.Replace(new()
        {
            ["Services:catalog:http:0"] = "http://127.0.0.1:5001",
            ["Services:catalog:admin:0"] = "http://127.0.0.1:6001",
        });

        var pool = await _discovering.StartAsync("catalog", "http://_admin.catalog");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:6001");
    }

    [Fact]
    public async Task A_pool_of_layer_4_finds_addresses_by_its_scheme()
    {
        _discovering.Configuration.Set("echo", "tcp", "tcp://127.0.0.1:7001", "127.0.0.1:7002");

        var pool = await _discovering.StartAsync("echo", "tcp://echo");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:7001", "127.0.0.1:7002");
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 7001), pool.Snapshot.Members[0].EndPoint);
    }

    [Fact]
    public async Task Unix_sockets_are_addresses_too_and_come_after_the_others()
    {
        _discovering.Configuration.Set("echo", "tcp", "unix:/tmp/echo-1.sock", "unix:///tmp/Echo 2.sock", "tcp://127.0.0.1:7001");

        var pool = await _discovering.StartAsync("echo", "tcp://echo");

        await DiscoveringPools.HasAsync(pool, "127.0.0.1:7001", "unix:/tmp/echo-1.sock", "unix:/tmp/Echo 2.sock");
        Assert.Equal("/tmp/echo-1.sock", Assert.IsType<UnixDomainSocketEndPoint>(pool.Snapshot.Members[1].EndPoint).ToString());
        Assert.Empty(_discovering.Complaints);
    }

    [Theory]
    [InlineData("tcp://echo", "tcp")]
    [InlineData("tcp://_admin.echo", "admin")]
    public async Task A_service_may_have_unix_sockets_alone_and_they_are_followed(string service, string endpoint)
    {
        _discovering.Configuration.Set("echo", endpoint, "unix:/tmp/echo-1.sock");
        var pool = await _discovering.StartAsync("echo", service);
        await DiscoveringPools.HasAsync(pool, "unix:/tmp/echo-1.sock");

        _discovering.Configuration.Set("echo", endpoint, "unix:/tmp/echo-2.sock", "unix:/tmp/echo-1.sock");
        await DiscoveringPools.HasAsync(pool, "unix:/tmp/echo-2.sock", "unix:/tmp/echo-1.sock");

        _discovering.Configuration.Set("echo", endpoint, "127.0.0.1:7001");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:7001");
    }

    [Fact]
    public async Task A_unix_path_that_is_too_long_keeps_the_last_good_set()
    {
        _discovering.Configuration.Set("echo", "tcp", "unix:/tmp/echo-1.sock");
        var pool = await _discovering.StartAsync("echo", "tcp://echo");
        await DiscoveringPools.HasAsync(pool, "unix:/tmp/echo-1.sock");

        _discovering.Configuration.Set("echo", "tcp", $"unix:/tmp/{new string('x', 200)}.sock");

        await Eventually.TrueAsync(() => _discovering.Complaints.Count == 1);
        await DiscoveringPools.HasAsync(pool, "unix:/tmp/echo-1.sock");
    }

    [Fact]
    public async Task A_disposed_pool_resolves_no_more()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001");
        var pool = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001");

        await _discovering.Pools.ApplyAsync(new());
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5002");

        // A second pool proves that the change has gone round.
        var other = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(other, "127.0.0.1:5002");
        Assert.Equal("127.0.0.1:5001", Assert.Single(pool.Snapshot.Members).Id);
    }
}
