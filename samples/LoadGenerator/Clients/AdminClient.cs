using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadGenerator.Clients;

/// <summary>Reads a balancer's figures and gives it commands.</summary>
internal sealed class AdminClient : IDisposable
{
    private readonly HttpClient _http;

    public AdminClient(Uri address, string? token = null)
    {
        _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <exception cref="HttpRequestException">The balancer does not answer.</exception>
    public async Task<BalancerStatistics> GetStatisticsAsync(CancellationToken cancellation) =>
        (await _http.GetFromJsonAsync("/stats", StatisticsJsonContext.Default.BalancerStatistics, cancellation))!;

    public async Task<PoolStatistics> GetPoolAsync(string pool, CancellationToken cancellation) =>
        (await GetStatisticsAsync(cancellation)).Pools.FirstOrDefault(found => found.Name == pool)
        ?? throw new TourException($"the balancer at {_http.BaseAddress} has no pool '{pool}'");

    public async Task<RouteStatistics> GetRouteAsync(string route, CancellationToken cancellation) =>
        (await GetStatisticsAsync(cancellation)).Layer7.Routes.FirstOrDefault(found => found.Name == route)
        ?? throw new TourException($"the balancer at {_http.BaseAddress} has no route '{route}'");

    public Task SetPolicyAsync(string pool, SelectionPolicy policy, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Put, $"/admin/pools/{pool}/policy", Json(new PolicyCommand(policy), CommandJsonContext.Default.PolicyCommand), cancellation);

    public Task SetSplitAsync(string route, IReadOnlyDictionary<string, int> shares, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Put, $"/admin/routes/{route}/split", Json(new SplitCommand(shares), CommandJsonContext.Default.SplitCommand), cancellation);

    public Task PurgeAsync(string route, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Delete, $"/admin/cache?route={route}", null, cancellation);

    public void Dispose() => _http.Dispose();

    private static JsonContent Json<T>(T body, JsonTypeInfo<T> type) => JsonContent.Create(body, type);

    private async Task SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await _http.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw new TourException($"{method} {_http.BaseAddress}{path[1..]} was refused: {await ReasonAsync(response, cancellation)}");
        }
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            return JsonSerializer.Deserialize(text, CommandJsonContext.Default.Problem)?.Detail ?? text;
        }
        catch (JsonException)
        {
            return $"{(int)response.StatusCode} {response.ReasonPhrase}";
        }
    }
}
