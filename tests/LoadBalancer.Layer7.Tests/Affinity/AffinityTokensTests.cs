using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Affinity;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer7.Tests.Affinity;

public sealed class AffinityTokensTests
{
    private const string Key = "a-key-for-these-tests";

    private readonly BackendPool _pool = Pool("web", 1, 2, 3);

    [Fact]
    public void A_token_leads_to_its_backend_in_every_process_that_has_the_key()
    {
        var backend = _pool.Snapshot.Members[1];
        var token = new AffinityTokens(Key).TokenOf(_pool, backend);

        Assert.True(new AffinityTokens(Key).TryRead(_pool, _pool.Snapshot, token, out var found));
        Assert.Same(backend, found);
        Assert.False(new AffinityTokens(null).TryRead(_pool, _pool.Snapshot, token, out _));
        Assert.False(new AffinityTokens("another-key-for-these").TryRead(_pool, _pool.Snapshot, token, out _));
        Assert.DoesNotContain("5001", token, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_is_for_its_pool_alone()
    {
        var tokens = new AffinityTokens(Key);
        var other = Pool("api", 1, 2, 3);

        Assert.False(tokens.TryRead(other, other.Snapshot, tokens.TokenOf(_pool, _pool.Snapshot.Members[0]), out _));
    }

    [Fact]
    public void A_session_whose_backend_left_is_told_from_one_that_never_was()
    {
        var tokens = new AffinityTokens(Key);
        var token = tokens.TokenOf(_pool, _pool.Snapshot.Members[0]);

        _pool.SetMembers([new IPEndPoint(IPAddress.Loopback, 5002), new IPEndPoint(IPAddress.Loopback, 5003)]);

        Assert.True(tokens.TryRead(_pool, _pool.Snapshot, token, out var backend));
        Assert.Null(backend);
        Assert.False(tokens.TryRead(_pool, _pool.Snapshot, Changed(token, 3), out _));
        Assert.False(tokens.TryRead(_pool, _pool.Snapshot, Changed(token, 30), out _));
    }

    [Fact]
    public void A_token_with_any_other_character_is_none()
    {
        var tokens = new AffinityTokens(Key);
        var token = tokens.TokenOf(_pool, _pool.Snapshot.Members[0]);

        // The last character has bits that stand for nothing.
        Assert.All(Enumerable.Range(0, token.Length - 1), place => Assert.False(tokens.TryRead(_pool, _pool.Snapshot, Changed(token, place), out _)));
        Assert.All(Enumerable.Range(0, token.Length), length => Assert.False(tokens.TryRead(_pool, _pool.Snapshot, token.AsSpan(0, length), out _)));
        Assert.False(tokens.TryRead(_pool, _pool.Snapshot, token + "A", out _));
        Assert.False(tokens.TryRead(_pool, _pool.Snapshot, new string('*', token.Length), out _));
        Assert.False(tokens.TryRead(_pool, _pool.Snapshot, new string('ä', token.Length), out _));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var tokens = new AffinityTokens(Key);
        var token = tokens.TokenOf(_pool, _pool.Snapshot.Members[2]);

        Assert.Equal(0, Allocations.Of(() => Assert.True(tokens.TryRead(_pool, _pool.Snapshot, token, out _))));
    }

    private static string Changed(string token, int place) => $"{token[..place]}{(token[place] == 'A' ? 'B' : 'A')}{token[(place + 1)..]}";

    private static BackendPool Pool(string name, params int[] ports)
    {
        var pool = new BackendPool(name, $"http://{name}", new() { HealthCheck = new() { Type = HealthCheckType.None } }, NullLogger.Instance);
        pool.SetMembers(ports.Select(port => new IPEndPoint(IPAddress.Loopback, 5000 + port)));
        return pool;
    }
}
