using System.Collections.Immutable;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>Gives a route's requests to several pools by shares. Never changes: other shares are another split.</summary>
internal sealed class Split
{
    private const int Whole = 100;

    private readonly PercentTurns _turns;
    private readonly string? _cookie;

    private Split(ImmutableArray<SplitShare> shares, string? cookie, bool isCommanded, Split? before)
    {
        Shares = shares;
        _cookie = cookie;
        IsCommanded = isCommanded;
        _turns = before?._turns ?? new();
    }

    /// <summary>The pools, the route's own first.</summary>
    public ImmutableArray<SplitShare> Shares { get; }

    /// <summary>Whether a command gave the shares, rather than the configuration.</summary>
    public bool IsCommanded { get; }

    /// <summary>Makes a split.</summary>
    /// <param name="route">The route's name.</param>
    /// <param name="options">The split of the configuration; the shares are not used.</param>
    /// <param name="own">The route's own pool, which gets what is left.</param>
    /// <param name="percents">Shares of the others.</param>
    /// <param name="pools">Where pools are.</param>
    /// <param name="isCommanded">Whether a command gives the shares.</param>
    /// <param name="before">The split of before, whose figures go on.</param>
    public static Split Create(string route, SplitOptions options, BackendPool own, IReadOnlyDictionary<string, int> percents, BackendPools pools, bool isCommanded, Split? before)
    {
        SplitShare Share(BackendPool pool, int percent) =>
            new(pool, percent, before?.Shares.FirstOrDefault(share => share.Pool.Name == pool.Name)?.Counter ?? new());

        var others = percents.OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).Select(pair => Share(pools.Find(pair.Key)!, pair.Value));
        return new([Share(own, Whole - percents.Values.Sum()), .. others], options.Sticky ? options.CookieFor(route) : null, isCommanded, before);
    }

    /// <summary>Whether two configurations say the same.</summary>
    public static bool AreSame(SplitOptions? left, SplitOptions? right) =>
        left is null || right is null
            ? left == right
            : left.Sticky == right.Sticky && left.Cookie == right.Cookie && left.Pools.Count == right.Pools.Count
                && left.Pools.All(pair => right.Pools.TryGetValue(pair.Key, out var percent) && percent == pair.Value);

    /// <summary>The pool of a request: the one that the client has, or else the one whose turn it is.</summary>
    public BackendPool Choose(HttpContext context)
    {
        var share = KeptBy(context) ?? InTurn();
        share.Counter.Record();
        return share.Pool;
    }

    /// <summary>Tells the client which pool is its own from now on, unless it knows.</summary>
    public void Keep(HttpContext context, BackendPool pool)
    {
        if (_cookie is not null && context.Request.Cookies[_cookie] != pool.Name)
        {
            context.Response.Cookies.Append(_cookie, pool.Name, new CookieOptions { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps });
        }
    }

    public void ResetStatistics()
    {
        foreach (var share in Shares)
        {
            share.Counter.ResetStatistics();
        }
    }

    public IReadOnlyList<SplitStatistics> GetStatistics() => [.. Shares.Select(share => new SplitStatistics(share.Pool.Name, share.Percent, share.Counter.Requests))];

    // Whatever else the cookie says is none of ours, and a pool without a share is to become empty.
    private SplitShare? KeptBy(HttpContext context)
    {
        if (_cookie is null || context.Request.Cookies[_cookie] is not { } name)
        {
            return null;
        }

        foreach (var share in Shares)
        {
            if (share.Percent > 0 && share.Pool.Name == name)
            {
                return share;
            }
        }

        return null;
    }

    private SplitShare InTurn()
    {
        var turn = _turns.Next();
        foreach (var share in Shares)
        {
            if ((turn -= share.Percent) < 0)
            {
                return share;
            }
        }

        return Shares[0];
    }
}
