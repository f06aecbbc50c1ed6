using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Which requests go to which pool. All conditions that are given must hold.</summary>
public sealed record RouteOptions
{
    /// <summary>Path template in ASP.NET Core's route syntax, such as <c>/auth/{**rest}</c>. Default: every path.</summary>
    [Description("Path template in ASP.NET Core's route syntax, such as /auth/{**rest}. Default: every path.")]
    public string? Path { get; set; }

    /// <summary>Host names, with an optional <c>*.</c> in front or <c>:port</c> behind; one must match.</summary>
    [Description("Host names, with an optional '*.' in front or ':port' behind; one must match.")]
    public string[] Hosts { get; set; } = [];

    /// <summary>HTTP methods; one must match.</summary>
    [Description("HTTP methods; one must match.")]
    public string[] Methods { get; set; } = [];

    /// <summary>Headers that must be present with one of the values; an empty list asks for presence alone.</summary>
    [Description("Headers that must be present with one of the values; an empty list asks for presence alone.")]
    [Secret(SecretParts.Named)]
    public Dictionary<string, string[]> Headers { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Query parameters that must be present with one of the values; an empty list asks for presence alone.</summary>
    [Description("Query parameters that must be present with one of the values; an empty list asks for presence alone.")]
    [Secret(SecretParts.Named)]
    public Dictionary<string, string[]> Query { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Cookies that must be present with one of the values; an empty list asks for presence alone.</summary>
    [Description("Cookies that must be present with one of the values; an empty list asks for presence alone.")]
    [Secret(SecretParts.Named)]
    public Dictionary<string, string[]> Cookies { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Listeners of Layer 7 that the request may come in by; one must match. Default: every listener.</summary>
    [Description("Listeners of Layer 7 that the request may come in by; one must match. Default: every listener.")]
    public string[] Listeners { get; set; } = [];

    /// <summary>Routes with a lower number are tried first, whatever their paths; the more specific path decides between equals. Default 0.</summary>
    [Description("Routes with a lower number are tried first, whatever their paths; the more specific path decides between equals. Default 0.")]
    public int? Order { get; set; }

    /// <summary>The pool that gets the requests.</summary>
    [Description("Pool that gets the requests. Must be given.")]
    public string? Pool { get; set; }

    /// <summary>Overrides the pool's policy for this route.</summary>
    [Description("How a backend is picked. Default: the pool's Policy.")]
    public SelectionPolicy? Policy { get; set; }

    /// <summary>What <see cref="SelectionPolicy.ConsistentHash"/> hashes. Default: the client's address.</summary>
    [Description("What ConsistentHash hashes: Header, Cookie or Query; needs that policy, of the route or of a pool of it. Default: the client's address.")]
    public RouteHashKeyOptions? HashKey { get; set; }

    /// <summary>Leading part of the path that the backend does not see, such as <c>/auth</c>.</summary>
    [Description("Leading part of the path that the backend does not see, such as /auth. Default: none.")]
    public string? RemovePrefix { get; set; }

    /// <summary>Changes to request and answer, in YARP's names and form, such as <c>{ "PathPattern": "/v2/{**rest}" }</c>, in this order after <see cref="RemovePrefix"/>.</summary>
    [Description("Changes to request and answer, in YARP's names and form (and ours: ResponseCookie, ResponseLocation), in this order after RemovePrefix.")]
    [Secret(SecretParts.Named)]
    public Dictionary<string, string>[] Transforms { get; set; } = [];

    /// <summary>Response cache; absent means none.</summary>
    [Description("Response cache; absent means none.")]
    public RouteCacheOptions? Cache { get; set; }

    /// <summary>Session affinity; absent means none.</summary>
    [Description("Session affinity; absent means none.")]
    public SessionAffinityOptions? SessionAffinity { get; set; }

    /// <summary>Time-outs. Default: 5 s to connect, 100 s without a byte.</summary>
    [Description("Time-outs. Default: 5 s to connect, 100 s without a byte.")]
    public RouteTimeoutOptions Timeouts { get; set; } = new();

    /// <summary>Further attempts on other backends where they are safe. Default: three in all, within a budget of 20 %.</summary>
    [Description("Further attempts on other backends where they are safe. Default: three in all, within a budget of 20 %.")]
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Asks a second backend when the first is slow; absent means never.</summary>
    [Description("Asks a second backend when the first is slow; absent: never.")]
    public HedgeOptions? Hedge { get; set; }

    /// <summary>How often the route is used; absent means no limit.</summary>
    [Description("How often the route is used; absent: no limit.")]
    public RateLimitOptions? RateLimit { get; set; }

    /// <summary>Requests at a time; absent means no limit.</summary>
    [Description("Requests at a time; absent: no limit.")]
    public ConcurrencyLimitOptions? Concurrency { get; set; }

    /// <summary>Bytes of the largest request body, 0 to 1,000,000,000,000; larger ones are answered with 413. Default: no limit.</summary>
    [Description("Bytes of the largest request body, 0 to 1000000000000; larger ones are answered with 413. Default: no limit.")]
    public long? MaxRequestBodySize { get; set; }

    /// <summary>Gives a part of the requests to other pools (canary); absent means none.</summary>
    [Description("Gives a part of the requests to other pools (canary); absent: none.")]
    public SplitOptions? Split { get; set; }

    /// <summary>Sends copies of requests to another pool; absent means none.</summary>
    [Description("Sends copies of requests to another pool; absent: none.")]
    public MirrorOptions? Mirror { get; set; }
}
