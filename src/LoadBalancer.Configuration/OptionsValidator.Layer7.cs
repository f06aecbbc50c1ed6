using System.Globalization;

namespace LoadBalancer.Configuration;

/// <summary>Layer 7, save what concerns TLS.</summary>
internal static partial class OptionsValidator
{
    private const string HeaderName = "a header name; must be a token such as X-Version";
    private const string CookieName = "a cookie name; must be a token (RFC 6265 section 4.1.1)";

    private static void Layer7(string key, LoadBalancerOptions options, Dictionary<ListenAddress, string> bound, Dictionary<ListenAddress, string> boundUdp, Checks check)
    {
        var layer7 = options.Layer7;
        foreach (var (name, listener) in layer7.Listeners)
        {
            Listener($"{key}:Listeners:{name}", listener, bound, boundUdp, check);
        }

        foreach (var (name, route) in layer7.Routes)
        {
            Route($"{key}:Routes:{name}", name, route, options, check);
        }

        var limits = layer7.Limits;
        check.OptionalRange($"{key}:Limits:MaxConnections", limits.MaxConnections, 1, 1_000_000);
        check.Range($"{key}:Limits:MaxRequestHeadersSize", limits.MaxRequestHeadersSize, 1_024, 1_048_576);
        check.Range($"{key}:Limits:MaxRequestLineSize", limits.MaxRequestLineSize, 256, 65_536);
        check.Range($"{key}:Limits:RequestHeadersTimeout", limits.RequestHeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        check.Range($"{key}:Limits:KeepAliveTimeout", limits.KeepAliveTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        check.Networks($"{key}:ForwardedHeaders:TrustedNetworks", layer7.ForwardedHeaders.TrustedNetworks);
        AllowedHosts($"{key}:AllowedHosts", layer7.AllowedHosts, check);
        check.Range($"{key}:Cache:MaxSize", layer7.Cache.MaxSize, 1_048_576, 2_000_000_000);
        check.Range($"{key}:Cache:MaxEntrySize", layer7.Cache.MaxEntrySize, 1_024, 1_000_000_000);
        // A default that no longer fits is the smaller of the two; a number that was written is a mistake.
        if (layer7.Cache.MaxEntrySize > layer7.Cache.MaxSize && layer7.Cache.MaxEntrySize != new Layer7CacheOptions().MaxEntrySize)
        {
            check.Fail($"{key}:Cache:MaxEntrySize", string.Create(CultureInfo.InvariantCulture, $"'{layer7.Cache.MaxEntrySize}' is more than MaxSize, '{layer7.Cache.MaxSize}', which all answers share"));
        }

        check.Secret($"{key}:AffinityKey", layer7.AffinityKey);
        if (layer7.AccessLog is { } log)
        {
            check.Range($"{key}:AccessLog:MaxFileSize", log.MaxFileSize, 65_536, 2_000_000_000);
            check.Range($"{key}:AccessLog:KeptFiles", log.KeptFiles, 0, 100);
            if (log.File is { } file && string.IsNullOrWhiteSpace(file))
            {
                check.Fail($"{key}:AccessLog:File", "is empty; must be a file's path");
            }

            if (log is { Format: not AccessLogFormat.Combined, File: null })
            {
                check.Fail($"{key}:AccessLog:Format", $"'{log.Format}' is the form of a file; needs File");
            }
        }
    }

    private static void Listener(string key, Layer7ListenerOptions listener, Dictionary<ListenAddress, string> bound, Dictionary<ListenAddress, string> boundUdp, Checks check)
    {
        var http3 = listener.Protocols == HttpListenerProtocols.Http1AndHttp2AndHttp3;
        if (check.Listen($"{key}:Address", listener.Address, bound) is { } address)
        {
            if (address is { Host: "localhost", Port: 0 })
            {
                check.Fail($"{key}:Address", "'localhost:0' is two addresses that cannot share a free port; must be 127.0.0.1:0 or [::1]:0");
            }

            if (http3)
            {
                check.Bind($"{key}:Address", address, boundUdp);
            }
        }

        check.ProxyProtocol($"{key}:ProxyProtocol", listener.ProxyProtocol);
        check.Refuse(http3 && listener.ProxyProtocol is not null, $"{key}:ProxyProtocol", $"Protocols {listener.Protocols}", "QUIC has no place for the header");
    }

    private static void Route(string key, string name, RouteOptions route, LoadBalancerOptions options, Checks check)
    {
        check.PoolReference($"{key}:Pool", route.Pool, options);
        Conditions(key, route, check);
        Entrances(key, route, options.Layer7, check);
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

        for (var i = 0; i < route.Transforms.Length; i++)
        {
            if (route.Transforms[i].Count == 0)
            {
                check.Fail($"{key}:Transforms:{i}", "is empty; must be a transform such as { \"PathPrefix\": \"/v2\" }");
            }
        }

        if (route.SessionAffinity is { } affinity)
        {
            Affinity($"{key}:SessionAffinity", affinity, options.Layer7, check);
        }

        if (route.HashKey is { } hash)
        {
            HashKey($"{key}:HashKey", hash, route, options, check);
        }

        Waiting(key, route, check);
        Limits(key, route, check);
        Shaping(key, name, route, options, check);
    }

    private static void Affinity(string key, SessionAffinityOptions affinity, Layer7Options layer7, Checks check)
    {
        var defaults = new SessionAffinityOptions();
        var mode = $"Mode {affinity.Mode}";
        check.Token($"{key}:Cookie", affinity.Cookie, CookieName);
        check.Token($"{key}:Header", affinity.Header, HeaderName);
        check.OptionalRange($"{key}:Expiry", affinity.Expiry, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30));
        check.Refuse(affinity.Expiry is not null && affinity.Mode == SessionAffinityMode.Header, $"{key}:Expiry", mode, "the client decides how long it sends the header");
        check.Refuse(affinity.Header != defaults.Header && affinity.Mode != SessionAffinityMode.Header, $"{key}:Header", mode, "only Mode Header has a header");
        check.Refuse(affinity.Cookie is not null && affinity.Mode != SessionAffinityMode.Cookie, $"{key}:Cookie", mode, "only Mode Cookie has a cookie");
        if (affinity.Mode != SessionAffinityMode.Cookie)
        {
            check.Refuse(affinity.SameSite != defaults.SameSite, $"{key}:SameSite", mode, "only Mode Cookie has a cookie");
        }
        else if (affinity.SameSite == CookieSameSite.None && layer7.Listeners.Count > 0 && layer7.ForwardedHeaders.TrustedNetworks.Length == 0
            && layer7.Listeners.Values.All(listener => listener is { Tls: null, ProxyProtocol: null }))
        {
            // Browsers drop such a cookie when it is not Secure, and without a trusted proxy nobody can say that there is TLS further out.
            check.Fail($"{key}:SameSite", "'None' works over TLS only, and no listener has Tls; must be Lax or Strict, or the proxy that ends TLS must be in ForwardedHeaders:TrustedNetworks");
        }
    }

    private static void HashKey(string key, RouteHashKeyOptions hash, RouteOptions route, LoadBalancerOptions options, Checks check)
    {
        check.Token($"{key}:Header", hash.Header, HeaderName);
        check.Token($"{key}:Cookie", hash.Cookie, CookieName);
        if (hash.Query is "")
        {
            check.Fail($"{key}:Query", "is empty; must be the name of a query parameter");
        }

        if (new[] { hash.Header, hash.Cookie, hash.Query }.Count(name => name is not null) != 1)
        {
            check.Fail(key, "must have exactly one of Header, Cookie and Query");
        }

        var pools = (route.Split?.Pools.Keys ?? Enumerable.Empty<string>()).Prepend(route.Pool ?? "").Select(options.Pools.GetValueOrDefault).OfType<PoolOptions>().ToArray();
        if (route.Policy is { } policy)
        {
            check.Refuse(policy != SelectionPolicy.ConsistentHash, key, $"Policy {policy}", "only ConsistentHash hashes it");
        }
        else if (pools.Length > 0 && pools.All(pool => pool.Policy != SelectionPolicy.ConsistentHash))
        {
            check.Fail(key, $"cannot be used with Policy {pools[0].Policy}, the pool's: only ConsistentHash hashes it");
        }
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

        for (var i = 0; i < route.Hosts.Length; i++)
        {
            if (!HostPattern().IsMatch(route.Hosts[i]))
            {
                check.Fail($"{key}:Hosts:{i}", $"'{route.Hosts[i]}' is not a host; must be a name such as example.com, *.example.com or example.com:8080");
            }
        }

        foreach (var header in route.Headers.Keys)
        {
            check.Token($"{key}:Headers:{header}", header, HeaderName);
        }

        foreach (var cookie in route.Cookies.Keys)
        {
            check.Token($"{key}:Cookies:{cookie}", cookie, CookieName);
        }
    }

    private static void Entrances(string key, RouteOptions route, Layer7Options layer7, Checks check)
    {
        for (var i = 0; i < route.Listeners.Length; i++)
        {
            if (!layer7.Listeners.ContainsKey(route.Listeners[i]))
            {
                check.Fail($"{key}:Listeners:{i}", $"'{route.Listeners[i]}' is not a listener of Layer 7; {(layer7.Listeners.Count == 0 ? "there are none" : $"allowed are {string.Join(", ", layer7.Listeners.Keys)}")}");
            }
        }
    }

    private static void AllowedHosts(string key, string[] hosts, Checks check)
    {
        for (var i = 0; i < hosts.Length; i++)
        {
            if (!HostPattern().IsMatch(hosts[i]) || hosts[i].AsSpan(hosts[i].LastIndexOf(']') + 1).Contains(':'))
            {
                check.Fail($"{key}:{i}", $"'{hosts[i]}' is not a host name; must be a name without a port, such as example.com or *.example.com");
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

        check.Refuse(route.Retry is { Attempts: 1, Statuses.Length: > 0 }, $"{key}:Retry:Statuses", "Attempts 1", "nothing is retried");

        if (route.Hedge is { } hedge)
        {
            check.Range($"{key}:Hedge:Delay", hedge.Delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
            check.Range($"{key}:Hedge:MaxParallel", hedge.MaxParallel, 2, 5);
        }

        TimeoutOrder(key, route, check);
    }

    // A time-out that a shorter one always comes before would never be seen.
    private static void TimeoutOrder(string key, RouteOptions route, Checks check)
    {
        void Within(string name, TimeSpan? inner, string outerName, TimeSpan? outer)
        {
            if (inner > outer)
            {
                check.Fail($"{key}:{name}", $"'{Checks.Text(inner.Value)}' is longer than {outerName}, '{Checks.Text(outer.Value)}', which ends it first");
            }
        }

        var timeouts = route.Timeouts;
        // Who shortens Total alone need not shorten Connect too.
        Within("Timeouts:Connect", timeouts.Connect == new RouteTimeoutOptions().Connect ? null : timeouts.Connect, "Total", timeouts.Total);
        Within("Timeouts:FirstByte", timeouts.FirstByte, "Total", timeouts.Total);
        Within("Hedge:Delay", route.Hedge?.Delay, "Timeouts:Total", timeouts.Total);
        Within("Hedge:Delay", route.Hedge?.Delay, "Timeouts:FirstByte", timeouts.FirstByte);
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
            check.Fail($"{key}:RateLimit:Burst", $"cannot be used with Algorithm {rate.Algorithm}; needs TokenBucket");
        }

        if ((rate.Header is not null) != (rate.Key == RateLimitKey.Header))
        {
            check.Fail($"{key}:RateLimit:Header", rate.Header is null ? "is missing; Key Header needs the header's name" : $"cannot be used with Key {rate.Key}; needs Key Header");
        }
    }

    private static void Shaping(string key, string name, RouteOptions route, LoadBalancerOptions options, Checks check)
    {
        if (route.Split is { } split)
        {
            check.Token($"{key}:Split:Cookie", split.Cookie, CookieName);
            check.Refuse(split is { Cookie: not null, Sticky: false }, $"{key}:Split:Cookie", "Sticky false", "no cookie is set");
            if (split.Sticky && route is { Pool: { } own, SessionAffinity: { Mode: SessionAffinityMode.Cookie } affinity } && split.CookieFor(name) == affinity.CookieFor(own))
            {
                check.Fail($"{key}:Split:Cookie", $"'{split.CookieFor(name)}' is the cookie of SessionAffinity; must be another");
            }

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
