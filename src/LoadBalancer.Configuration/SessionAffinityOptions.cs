using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Keeps a client on the backend of its first request, by a cookie.</summary>
public sealed record SessionAffinityOptions
{
    /// <summary>Name of the cookie. Default: <c>lb-affinity</c>.</summary>
    [Description("Name of the cookie. Default lb-affinity.")]
    public string Cookie { get; set; } = "lb-affinity";
}
