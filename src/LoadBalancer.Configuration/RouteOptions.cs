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
    public Dictionary<string, string[]> Headers { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Query parameters that must be present with one of the values; an empty list asks for presence alone.</summary>
    [Description("Query parameters that must be present with one of the values; an empty list asks for presence alone.")]
    public Dictionary<string, string[]> Query { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Routes with a lower number are tried first, whatever their paths; the more specific path decides between equals. Default 0.</summary>
    [Description("Routes with a lower number are tried first, whatever their paths; the more specific path decides between equals. Default 0.")]
    public int? Order { get; set; }

    /// <summary>The pool that gets the requests.</summary>
    [Description("Pool that gets the requests.")]
    public string? Pool { get; set; }

    /// <summary>Overrides the pool's policy for this route.</summary>
    [Description("Overrides the pool's policy for this route.")]
    public SelectionPolicy? Policy { get; set; }

    /// <summary>Leading part of the path that the backend does not see, such as <c>/auth</c>.</summary>
    [Description("Leading part of the path that the backend does not see, such as /auth.")]
    public string? RemovePrefix { get; set; }

    /// <summary>Response cache; absent means none.</summary>
    [Description("Response cache; absent means none.")]
    public RouteCacheOptions? Cache { get; set; }

    /// <summary>Session affinity; absent means none.</summary>
    [Description("Session affinity; absent means none.")]
    public SessionAffinityOptions? SessionAffinity { get; set; }
}
