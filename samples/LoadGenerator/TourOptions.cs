namespace LoadGenerator;

/// <summary>Where the balancers are, and the token of their commands: section <c>Tour</c> of the configuration.</summary>
internal sealed class TourOptions
{
    /// <summary>The HTTP listener of the Layer 7 balancer.</summary>
    public Uri Edge { get; set; } = new("http://localhost:8080");

    /// <summary>Its HTTPS listener.</summary>
    public Uri EdgeHttps { get; set; } = new("https://localhost:8443");

    /// <summary>Its admin endpoint.</summary>
    public Uri EdgeAdmin { get; set; } = new("http://localhost:9080");

    public string? EdgeToken { get; set; }

    /// <summary>The Layer 4 balancer's listener in front of the same service.</summary>
    public Uri Wire { get; set; } = new("http://localhost:7002");

    /// <summary>The one that passes TLS through.</summary>
    public Uri WireTls { get; set; } = new("https://localhost:7443");

    /// <summary>Its admin endpoint.</summary>
    public Uri WireAdmin { get; set; } = new("http://localhost:9070");

    /// <summary>How long a step leaves as it is what somebody may want to look at on a live page.</summary>
    public TimeSpan Pause { get; set; } = TimeSpan.FromSeconds(3);
}
