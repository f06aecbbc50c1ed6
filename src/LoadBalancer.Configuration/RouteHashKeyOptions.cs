using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>What <see cref="SelectionPolicy.ConsistentHash"/> hashes of a request: one of the three. A request without it is hashed by the client's address.</summary>
public sealed record RouteHashKeyOptions
{
    /// <summary>Name of a header.</summary>
    [Description("Name of the header that ConsistentHash hashes. Default: none.")]
    public string? Header { get; set; }

    /// <summary>Name of a cookie.</summary>
    [Description("Name of the cookie that ConsistentHash hashes. Default: none.")]
    public string? Cookie { get; set; }

    /// <summary>Name of a query parameter.</summary>
    [Description("Name of the query parameter that ConsistentHash hashes. Default: none.")]
    public string? Query { get; set; }
}
