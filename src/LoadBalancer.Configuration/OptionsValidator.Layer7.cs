using System.Globalization;

namespace LoadBalancer.Configuration;

/// <summary>Layer 7, save what concerns TLS.</summary>
internal static partial class OptionsValidator
{
    private const string HeaderName = "a header name; must be a token such as X-Version";
    private const string CookieName = "a cookie name; must be a token (RFC 6265 section 4.1.1)";

    private static void Layer7(string key, LoadBalancerOptions options, Dictionary<ListenAddress, string> bound, Checks check)
    {
        var layer7 = options.Layer7;
        foreach (var (name, listener) in layer7.Listeners)
        {
            var address = $"{key}:Listeners:{name}:Address";
            if (check.Listen(address, listener.Address, bound) is { Host: "localhost", Port: 0 })
            {
                check.Fail(address, "'localhost:0' is two addresses that cannot share a free port; must be 127.0.0.1:0 or [::1]:0");
            }

            check.ProxyProtocol($"{key}:Listeners:{name}:ProxyProtocol", listener.ProxyProtocol);
        }

        foreach (var (name, route) in layer7.Routes)
        {
            Route($"{key}:Routes:{name}", route, options, check);
        }

        var limits = layer7.Limits;
        check.OptionalRange($"{key}:Limits:MaxConnections", limits.MaxConnections, 1, 1_000_000);
        check.Range($"{key}:Limits:MaxRequestHeadersSize", limits.MaxRequestHeadersSize, 1_024, 1_048_576);
        check.Range($"{key}:Limits:MaxRequestLineSize", limits.MaxRequestLineSize, 256, 65_536);
        check.Range($"{key}:Limits:RequestHeadersTimeout", limits.RequestHeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        check.Range($"{key}:Limits:KeepAliveTimeout", limits.KeepAliveTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        check.Networks($"{key}:ForwardedHeaders:TrustedNetworks", layer7.ForwardedHeaders.TrustedNetworks);
        Hosts($"{key}:AllowedHosts", layer7.AllowedHosts, check);
        check.Range($"{key}:Cache:MaxSize", layer7.Cache.MaxSize, 1_048_576, 2_000_000_000);
        check.Range($"{key}:Cache:MaxEntrySize", layer7.Cache.MaxEntrySize, 1_024, 1_000_000_000);
        check.Secret($"{key}:AffinityKey", layer7.AffinityKey);
        if (layer7.AccessLog is { } log)
        {
            check.Range($"{key}:AccessLog:MaxFileSize", log.MaxFileSize, 65_536, 2_000_000_000);
            check.Range($"{key}:AccessLog:KeptFiles", log.KeptFiles, 0, 100);
            if (log.File is { } file && string.IsNullOrWhiteSpace(file))
            {
                check.Fail($"{key}:AccessLog:File", "is empty; must be a file's path");
            }
        }
    }

    private static void Route(string key, RouteOptions route, LoadBalancerOptions options, Checks check)
    {
        check.PoolReference($"{key}:Pool", route.Pool, options);
        Conditions(key, route, check);
        if (route.RemovePrefix is not null)
        {
            check.Path($"{key}:RemovePrefix", route.RemovePrefix);
        }

        if (route.Cache is { } cache)
        {
            check.OptionalRange($"{key}:Cache:Duration", cache.Duration, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
            for (var i = 0; i < cache.Tags.Length; i++)
            {
                check.Token($"{key}:Cache:Tags:{i}", cache.Tags[i], "a tag; must be a token such as products");
            }
        }

        if (route.SessionAffinity is { } affinity)
        {
            check.Token($"{key}:SessionAffinity:Cookie", affinity.Cookie, CookieName);
            check.Token($"{key}:SessionAffinity:Header", affinity.Header, HeaderName);
            check.OptionalRange($"{key}:SessionAffinity:Expiry", affinity.Expiry, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30));
        }

        if (route.HashKey is { } hash)
        {
            check.Token($"{key}:HashKey:Header", hash.Header, HeaderName);
            check.Token($"{key}:HashKey:Cookie", hash.Cookie, CookieName);
            if (new[] { hash.Header, hash.Cookie, hash.Query }.Count(name => !string.IsNullOrEmpty(name)) != 1)
            {
                check.Fail($"{key}:HashKey", "must have one of Header, Cookie and Query");
            }
        }

        Waiting(key, route, check);
        Limits(key, route, check);
        Shaping(key, route, options, check);
    }

    private static void Conditions(string key, RouteOptions route, Checks check)
    {
        if (route.Path is not null)
        {
            check.Path($"{key}:Path", route.Path);
        }

        for (var i = 0; i < route.Methods.Length; i++)
        {
            check.Token($"{key}:Methods:{i}", route.Methods[i], "an HTTP method; must be a token such as GET");
        }

        Hosts($"{key}:Hosts", route.Hosts, check);
        foreach (var header in route.Headers.Keys)
        {
            check.Token($"{key}:Headers:{header}", header, HeaderName);
        }

        foreach (var cookie in route.Cookies.Keys)
        {
            check.Token($"{key}:Cookies:{cookie}", cookie, CookieName);
        }
    }

    private static void Hosts(string key, string[] hosts, Checks check)
    {
        for (var i = 0; i < hosts.Length; i++)
        {
            if (!HostPattern().IsMatch(hosts[i]))
            {
                check.Fail($"{key}:{i}", $"'{hosts[i]}' is not a host; must be a name such as example.com, *.example.com or example.com:8080");
            }
        }
    }

    private static void Waiting(string key, RouteOptions route, Checks check)
    {
        check.Range($"{key}:Timeouts:Connect", route.Timeouts.Connect, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5));
        check.OptionalRange($"{key}:Timeouts:FirstByte", route.Timeouts.FirstByte, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        check.OptionalRange($"{key}:Timeouts:Total", route.Timeouts.Total, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        check.Range($"{key}:Timeouts:Idle", route.Timeouts.Idle, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
        check.Range($"{key}:Retry:Attempts", route.Retry.Attempts, 1, 10);
        check.Range($"{key}:Retry:Budget", route.Retry.Budget, 0, 100);
        check.Range($"{key}:Retry:BackOff", route.Retry.BackOff, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        for (var i = 0; i < route.Retry.Statuses.Length; i++)
        {
            check.Range($"{key}:Retry:Statuses:{i}", route.Retry.Statuses[i], 500, 599);
        }

        if (route.Hedge is { } hedge)
        {
            check.Range($"{key}:Hedge:Delay", hedge.Delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
            check.Range($"{key}:Hedge:MaxParallel", hedge.MaxParallel, 2, 5);
        }
    }

    private static void Limits(string key, RouteOptions route, Checks check)
    {
        check.OptionalRange($"{key}:MaxRequestBodySize", route.MaxRequestBodySize, 0, 1_000_000_000_000);
        if (route.Concurrency is { } concurrency)
        {
            check.Range($"{key}:Concurrency:Requests", concurrency.Requests, 1, 1_000_000);
            check.Range($"{key}:Concurrency:QueueLength", concurrency.QueueLength, 0, 1_000_000);
            check.Range($"{key}:Concurrency:QueueTimeout", concurrency.QueueTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        }

        if (route.RateLimit is not { } rate)
        {
            return;
        }

        check.Range($"{key}:RateLimit:Requests", rate.Requests, 1, 1_000_000);
        check.Range($"{key}:RateLimit:Window", rate.Window, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
        check.OptionalRange($"{key}:RateLimit:Burst", rate.Burst, 1, 1_000_000);
        check.Token($"{key}:RateLimit:Header", rate.Header, HeaderName);
        if (rate is { Burst: not null, Algorithm: not RateLimitAlgorithm.TokenBucket })
        {
            check.Fail($"{key}:RateLimit:Burst", $"cannot be used with {rate.Algorithm}; needs TokenBucket");
        }

        if ((rate.Header is not null) != (rate.Key == RateLimitKey.Header))
        {
            check.Fail($"{key}:RateLimit:Header", rate.Header is null ? "is missing; Key Header needs the header's name" : $"cannot be used with Key {rate.Key}; needs Key Header");
        }
    }

    private static void Shaping(string key, RouteOptions route, LoadBalancerOptions options, Checks check)
    {
        if (route.Split is { } split)
        {
            check.Token($"{key}:Split:Cookie", split.Cookie, CookieName);
            foreach (var (pool, percent) in split.Pools)
            {
                check.PoolReference($"{key}:Split:Pools:{pool}", pool, options);
                check.Range($"{key}:Split:Pools:{pool}", percent, 0, 100);
                if (pool.Equals(route.Pool, StringComparison.OrdinalIgnoreCase))
                {
                    check.Fail($"{key}:Split:Pools:{pool}", "is the route's own pool, which gets the rest; must be another");
                }
            }

            if (split.Pools.Values.Sum(percent => (long)percent) is > 100 and var sum)
            {
                check.Fail($"{key}:Split:Pools", string.Create(CultureInfo.InvariantCulture, $"'{sum}' percent together is out of range; must be 0 to 100"));
            }
        }

        if (route.Mirror is { } mirror)
        {
            check.PoolReference($"{key}:Mirror:Pool", mirror.Pool, options);
            check.Range($"{key}:Mirror:Percent", mirror.Percent, 0, 100);
            check.Range($"{key}:Mirror:MaxBodySize", mirror.MaxBodySize, 0, 100_000_000);
        }
    }
}
