using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace Aspire.Hosting;

/// <summary>
/// Speaks to the admin endpoint of a running load balancer: statistics and commands. For tests and tools; see
/// <see cref="LoadBalancerClientExtensions"/> for how to get one.
/// </summary>
public sealed class LoadBalancerClient : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Creates a client.</summary>
    /// <param name="http">A client whose base address is the admin endpoint; it is disposed with this one.</param>
    /// <param name="token">The bearer token that commands need; <see langword="null"/> where only statistics are read.</param>
    public LoadBalancerClient(HttpClient http, string? token)
    {
        ArgumentNullException.ThrowIfNull(http);
        _http = http;
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Asks what listeners, routes, pools and backends are doing.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The figures at this moment.</returns>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public async Task<BalancerStatistics> GetStatisticsAsync(CancellationToken cancellationToken = default) =>
        (await _http.GetFromJsonAsync("/stats", StatisticsJsonContext.Default.BalancerStatistics, cancellationToken).ConfigureAwait(false))!;

    /// <summary>Gives a backend no new connections and requests; those it has may end.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="backend">The backend's name, which is its replica's resource id, or its address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BackendStatistics> DrainAsync(string pool, string backend, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Path(pool, backend)}/drain", null, CommandJsonContext.Default.BackendStatistics, cancellationToken);

    /// <summary>Ends a backend's drain or ejection.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="backend">The backend's name or address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BackendStatistics> ResumeAsync(string pool, string backend, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Path(pool, backend)}/resume", null, CommandJsonContext.Default.BackendStatistics, cancellationToken);

    /// <summary>Ejects a backend as if it had failed too often; it comes back by itself.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="backend">The backend's name or address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BackendStatistics> EjectAsync(string pool, string backend, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Path(pool, backend)}/eject", null, CommandJsonContext.Default.BackendStatistics, cancellationToken);

    /// <summary>Sets a backend's weight until the configuration gives it another.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="backend">The backend's name or address.</param>
    /// <param name="weight">Share of the work relative to the others, 1 to 256.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BackendStatistics> SetWeightAsync(string pool, string backend, int weight, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Path(pool, backend)}/weight", Json(new WeightCommand(weight), CommandJsonContext.Default.WeightCommand), CommandJsonContext.Default.BackendStatistics, cancellationToken);

    /// <summary>Switches faults on at a backend, in place of its pool's.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="backend">The backend's name or address.</param>
    /// <param name="faults">The faults; <see langword="null"/> for none of its own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BackendStatistics> SetFaultsAsync(string pool, string backend, FaultOptions? faults, CancellationToken cancellationToken = default) =>
        SendAsync(faults is null ? HttpMethod.Delete : HttpMethod.Put, $"{Path(pool, backend)}/faults", Json(faults), CommandJsonContext.Default.BackendStatistics, cancellationToken);

    /// <summary>Switches faults on at every backend of a pool that has none of its own.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="faults">The faults; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The pool afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<PoolStatistics> SetFaultsAsync(string pool, FaultOptions? faults, CancellationToken cancellationToken = default) =>
        SendAsync(faults is null ? HttpMethod.Delete : HttpMethod.Put, $"{Path(pool)}/faults", Json(faults), CommandJsonContext.Default.PoolStatistics, cancellationToken);

    /// <summary>Sets a pool's policy until the configuration gives it another.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The pool afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<PoolStatistics> SetPolicyAsync(string pool, SelectionPolicy policy, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"{Path(pool)}/policy", Json(new PolicyCommand(policy), CommandJsonContext.Default.PolicyCommand), CommandJsonContext.Default.PoolStatistics, cancellationToken);

    /// <summary>Switches faults on at a route, in place of its pool's.</summary>
    /// <param name="route">The route's name.</param>
    /// <param name="faults">The faults; <see langword="null"/> for none of its own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The route afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<RouteStatistics> SetRouteFaultsAsync(string route, FaultOptions? faults, CancellationToken cancellationToken = default) =>
        SendAsync(faults is null ? HttpMethod.Delete : HttpMethod.Put, $"{RoutePath(route)}/faults", Json(faults), CommandJsonContext.Default.RouteStatistics, cancellationToken);

    /// <summary>Gives shares of a route's requests to other pools, until the configuration gives it other shares.</summary>
    /// <param name="route">The route's name.</param>
    /// <param name="pools">Percent by pool, 0 to 100, together at most 100; the route's own pool gets the rest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The route afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<RouteStatistics> SetSplitAsync(string route, IReadOnlyDictionary<string, int> pools, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"{RoutePath(route)}/split", Json(new SplitCommand(pools), CommandJsonContext.Default.SplitCommand), CommandJsonContext.Default.RouteStatistics, cancellationToken);

    /// <summary>Removes stored answers; without a condition, all of them.</summary>
    /// <param name="path">Only answers of this path, such as <c>/about</c>; with <c>*</c> at the end, of all paths that begin so.</param>
    /// <param name="tag">Only answers with this tag.</param>
    /// <param name="route">Only answers of this route.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many were removed.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public async Task<int> PurgeCacheAsync(string? path = null, string? tag = null, string? route = null, CancellationToken cancellationToken = default)
    {
        (string Name, string? Value)[] conditions = [(nameof(path), path), (nameof(tag), tag), (nameof(route), route)];
        var query = string.Join('&', conditions.Where(condition => condition.Value is not null).Select(condition => $"{condition.Name}={Uri.EscapeDataString(condition.Value!)}"));
        return (await SendAsync(HttpMethod.Delete, $"/admin/cache?{query}", null, CommandJsonContext.Default.CachePurge, cancellationToken).ConfigureAwait(false)).Removed;
    }

    /// <summary>Makes all counters begin anew. What is active, stored or remembered stays, and so do telemetry's counters.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The figures afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<BalancerStatistics> ResetStatisticsAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, "/admin/statistics", null, StatisticsJsonContext.Default.BalancerStatistics, cancellationToken);

    /// <summary>Makes the counters of a pool's backends begin anew: picks, failures and ejections.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The pool afterwards.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public Task<PoolStatistics> ResetStatisticsAsync(string pool, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"{Path(pool)}/statistics", null, CommandJsonContext.Default.PoolStatistics, cancellationToken);

    /// <summary>Asks for the configuration in force, with what commands have changed; <c>***</c> stands where a secret is.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Indented JSON in the form of the configuration file.</returns>
    /// <exception cref="LoadBalancerCommandException">The command was refused.</exception>
    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public async Task<string> GetConfigurationAsync(CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Get, "/admin/configuration", null, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Path(string pool, string? backend = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(pool);
        return backend is null ? $"/admin/pools/{Uri.EscapeDataString(pool)}" : $"/admin/pools/{Uri.EscapeDataString(pool)}/backends/{Uri.EscapeDataString(backend)}";
    }

    private static string RoutePath(string route)
    {
        ArgumentException.ThrowIfNullOrEmpty(route);
        return $"/admin/routes/{Uri.EscapeDataString(route)}";
    }

    private static JsonContent? Json(FaultOptions? faults) => faults is null ? null : Json(faults, CommandJsonContext.Default.FaultOptions);

    private static JsonContent Json<T>(T body, JsonTypeInfo<T> type) => JsonContent.Create(body, type);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        return (await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false))!;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new LoadBalancerCommandException(await ReasonAsync(response, cancellationToken).ConfigureAwait(false));
        }
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(text, CommandJsonContext.Default.Problem)?.Detail ?? text;
        }
        catch (JsonException)
        {
            return $"{(int)response.StatusCode} {response.ReasonPhrase} {text}".TrimEnd();
        }
    }
}
