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

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Path(string pool, string? backend = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(pool);
        return backend is null ? $"/admin/pools/{Uri.EscapeDataString(pool)}" : $"/admin/pools/{Uri.EscapeDataString(pool)}/backends/{Uri.EscapeDataString(backend)}";
    }

    private static JsonContent? Json(FaultOptions? faults) => faults is null ? null : Json(faults, CommandJsonContext.Default.FaultOptions);

    private static JsonContent Json<T>(T body, JsonTypeInfo<T> type) => JsonContent.Create(body, type);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw new LoadBalancerCommandException(await ReasonAsync(response, cancellationToken).ConfigureAwait(false));
        }

        return (await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false))!;
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
