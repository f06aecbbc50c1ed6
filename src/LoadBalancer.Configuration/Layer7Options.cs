using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>HTTP balancing: requests, not bytes.</summary>
public sealed record Layer7Options
{
    /// <summary>Listeners by name.</summary>
    [Description("Layer 7 listeners by name.")]
    public Dictionary<string, Layer7ListenerOptions> Listeners { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Routes by name.</summary>
    [Description("Routes by name.")]
    public Dictionary<string, RouteOptions> Routes { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What every listener takes at most.</summary>
    [Description("What every HTTP listener takes at most.")]
    public Layer7LimitsOptions Limits { get; set; } = new();

    /// <summary>What backends are told of the client. Default: <c>X-Forwarded-*</c>, and nobody's word is taken.</summary>
    [Description("What backends are told of the client, and whose word is taken. Default: X-Forwarded-*, nobody's.")]
    public ForwardedHeadersOptions ForwardedHeaders { get; set; } = new();

    /// <summary>Host names without ports that requests may ask for, with an optional <c>*.</c> in front; others are answered with 421. Default: every host.</summary>
    [Description("Host names without ports that requests may ask for, with an optional '*.' in front; others are answered with 421. Default: every host.")]
    public string[] AllowedHosts { get; set; } = [];

    /// <summary>The memory that caching routes share.</summary>
    [Description("The memory that caching routes share.")]
    public Layer7CacheOptions Cache { get; set; } = new();

    /// <summary>One line a request; absent means none.</summary>
    [Description("One line a request, {} in the log; absent: none.")]
    public AccessLogOptions? AccessLog { get; set; }

    /// <summary>
    /// Secret that signs what clients bring back for affinity and splits, 16 to 256 printable ASCII characters.
    /// Default: a random one, so that sessions end with the process.
    /// </summary>
    [Description("Secret that signs affinity cookies and headers, 16 to 256 printable ASCII characters without spaces. Default: a random one, so that sessions end with the process.")]
    [Secret]
    public string? AffinityKey { get; set; }

    /// <summary>Whether error answers say addresses and causes. Default: only where the environment is Development.</summary>
    [Description("Whether error answers say backends' addresses and causes. Default: only where the environment is Development.")]
    public bool? DetailedErrors { get; set; }

    /// <summary>Listeners and routes: what prints options must not print the secret.</summary>
    /// <returns>Their names.</returns>
    public override string ToString() => $"{nameof(Layer7Options)} {{ {nameof(Listeners)} = {string.Join(", ", Listeners.Keys)}, {nameof(Routes)} = {string.Join(", ", Routes.Keys)} }}";
}
