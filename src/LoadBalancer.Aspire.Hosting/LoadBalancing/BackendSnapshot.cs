using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration.Statistics;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>What the dashboard shows of a backend.</summary>
internal static class BackendSnapshot
{
    /// <summary>The state of a place that no replica holds.</summary>
    public const string Empty = "Not running";

    private const string AddressUrl = "address";

    // The dashboard's own name for what its column "Source" shows.
    private const string Source = "resource.source";

    public static CustomResourceSnapshot Initial(LoadBalancerBackendResource row) => new()
    {
        ResourceType = "Backend",
        CreationTimeStamp = DateTime.UtcNow,
        State = new(Empty, KnownResourceStateStyles.Info),
        Properties = [new("Pool", row.Pool)],
    };

    public static CustomResourceSnapshot Of(LoadBalancerBackendResource row, PoolStatistics? pool, BackendStatistics? backend, CustomResourceSnapshot before) => before with
    {
        State = StateOf(backend),
        Urls = backend is null || pool is null ? [] : UrlsOf(pool, backend),
        Properties = With(before.Properties, backend is null || pool is null ? [new("Pool", row.Pool), new("Replica", row.Replica), new(Source, null)] : PropertiesOf(pool, backend)),
    };

    public static BackendState? StateIn(CustomResourceSnapshot snapshot) => snapshot.State?.Text switch
    {
        "Checking" => BackendState.Checking,
        "Healthy" => BackendState.Healthy,
        "Slow start" => BackendState.SlowStart,
        "Unhealthy" => BackendState.Unhealthy,
        "Ejected" => BackendState.Ejected,
        "Draining" => BackendState.Draining,
        _ => null,
    };

    private static ResourceStateSnapshot StateOf(BackendStatistics? backend) => backend?.State switch
    {
        BackendState.Checking => new("Checking", KnownResourceStateStyles.Info),
        BackendState.Healthy => new("Healthy", KnownResourceStateStyles.Success),
        BackendState.SlowStart => new("Slow start", KnownResourceStateStyles.Info),
        BackendState.Unhealthy => new("Unhealthy", KnownResourceStateStyles.Error),
        BackendState.Ejected => new("Ejected", KnownResourceStateStyles.Warn),
        BackendState.Draining => new("Draining", KnownResourceStateStyles.Warn),
        _ => new(Empty, KnownResourceStateStyles.Info),
    };

    private static ResourcePropertySnapshot[] PropertiesOf(PoolStatistics pool, BackendStatistics backend) =>
    [
        new(Source, Summary(backend)),
        new("Pool", pool.Name),
        new("Policy", Choices.Words(pool.Policy.ToString())),
        new("Replica", backend.Name),
        new("Address", backend.Address),
        new("Reason", backend.Reason),
        new("Weight", backend.Weight),
        new("Priority", backend.Priority),
        new("Maximum connections", backend.MaxConnections),
        new("Active", backend.Active),
        new("Picks", backend.Picks),
        new("Failures", backend.Failures),
        new("Ejections", backend.Ejections),
        new("Ejected until", backend.EjectedUntil?.ToString("u", CultureInfo.InvariantCulture)),
        new("Last failed check", backend.LastError),
        new("Latency", LatencyOf(backend)),
        new("Faults", (backend.Faults ?? pool.Faults)?.ToString()),
    ];

    // The column is narrow: what there is none of is left out.
    private static string Summary(BackendStatistics backend) => string.Join(", ", new[]
    {
        backend.Name,
        backend.Active == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{backend.Active} active"),
        string.Create(CultureInfo.InvariantCulture, $"{backend.Picks} {(backend.Picks == 1 ? "pick" : "picks")}"),
        backend.Failures == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{backend.Failures} failed"),
        LatencyOf(backend),
    }.OfType<string>());

    private static string? LatencyOf(BackendStatistics backend) =>
        backend.LatencyMilliseconds is { } latency ? string.Create(CultureInfo.InvariantCulture, $"{latency.ToString(latency < 10 ? "0.#" : "0", CultureInfo.InvariantCulture)} ms") : null;

    // The dashboard fails at what is no URL.
    private static ImmutableArray<UrlSnapshot> UrlsOf(PoolStatistics pool, BackendStatistics backend) =>
        Uri.TryCreate(pool.Service, UriKind.Absolute, out var service) && Uri.TryCreate($"{service.Scheme}://{backend.Address}", UriKind.Absolute, out var url)
            ? [new(AddressUrl, url.OriginalString, IsInternal: false) { DisplayProperties = new(backend.Address) }]
            : [];

    // What does not apply is left out; what others say of the resource, such as its parent, stays.
    private static ImmutableArray<ResourcePropertySnapshot> With(ImmutableArray<ResourcePropertySnapshot> before, ResourcePropertySnapshot[] now) =>
    [
        .. before.Where(property => property.Name.StartsWith("resource.", StringComparison.Ordinal) && property.Name != Source),
        .. now.Where(property => property.Value is not null),
    ];
}
