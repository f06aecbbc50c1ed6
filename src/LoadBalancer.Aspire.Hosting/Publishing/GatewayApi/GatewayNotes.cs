namespace Aspire.Hosting.LoadBalancing;

/// <summary>Says what the Gateway API does not do of a balancer's options, and why.</summary>
internal static class GatewayNotes
{
    public const string Experimental = "is of the experimental channel; WithExperimentalChannel() writes it";

    private const string NoCounterpart = "the standard has no counterpart";
    private const string OfTheService = "which backend gets a request or connection is the implementation's matter";
    private const string OfTheImplementation = "a policy resource of the implementation may do it";

    // By the first part of the key; what is not here has no counterpart.
    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["AccessLog"] = "the implementation writes its own",
        ["AllowedHosts"] = "hosts are of each route",
        ["AllowedNetworks"] = OfTheImplementation,
        ["BackendTls"] = "a BackendTLSPolicy for the Service does it",
        ["Cache"] = "answers are not cached",
        ["Concurrency"] = OfTheImplementation,
        ["ConnectionRate"] = OfTheImplementation,
        ["DeniedNetworks"] = OfTheImplementation,
        ["ForwardedHeaders"] = "the implementation decides which headers it sends",
        ["HashKey"] = OfTheService,
        ["HealthCheck"] = "readiness probes of the pods do it",
        ["HttpVersion"] = "the Service's appProtocol says it, kubernetes.io/h2c for HTTP/2",
        ["Limits"] = OfTheImplementation,
        ["MaxConnections"] = OfTheImplementation,
        ["MaxRequestBodySize"] = OfTheImplementation,
        ["Mode"] = "how bytes are passed on is the implementation's matter",
        ["OutlierEjection"] = OfTheImplementation,
        ["Policy"] = OfTheService,
        ["ProxyProtocol"] = OfTheImplementation,
        ["RateLimit"] = OfTheImplementation,
        ["SendProxyProtocol"] = OfTheImplementation,
        ["SourceAffinity"] = "the Service's sessionAffinity: ClientIP comes near",
    };

    public static string Of(string subject, string key) => $"{subject}: {key} is not mapped: {Reasons.GetValueOrDefault(key.Split(':')[0], NoCounterpart)}";
}
