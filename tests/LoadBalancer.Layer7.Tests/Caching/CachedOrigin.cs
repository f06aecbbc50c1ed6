using System.Net;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

/// <summary>A balancer with one caching route in front of a service that answers as the test says.</summary>
internal sealed class CachedOrigin : IAsyncDisposable
{
    private CachedOrigin(TestBackend backend, TestBalancer balancer)
    {
        Backend = backend;
        Balancer = balancer;
        Client = balancer.CreateClient(handler => handler.MaxConnectionsPerServer = 200);
    }

    public TestBackend Backend { get; }

    public TestBalancer Balancer { get; }

    /// <summary>A client with as many connections as it needs.</summary>
    public HttpClient Client { get; }

    public static Task<CachedOrigin> StartAsync(string cacheControl, RouteOptions? route = null, Action<Layer7Options>? configure = null) =>
        StartAsync(context => AnswerAsync(context, cacheControl), route, configure);

    public static async Task<CachedOrigin> StartAsync(RequestDelegate answer, RouteOptions? route = null, Action<Layer7Options>? configure = null)
    {
        var backend = await TestBackend.StartAsync("origin", answer: answer);
        return new(backend, await TestBalancer.StartAsync(Options(route, configure), backend));
    }

    public static LoadBalancerOptions Options(RouteOptions? route = null, Action<Layer7Options>? configure = null)
    {
        var options = TestBalancer.Options(("cached", route ?? new() { Cache = new() }));
        options.Name = "edge";
        configure?.Invoke(options.Layer7);
        return options;
    }

    /// <summary>Answers with a text and a header.</summary>
    public static Task AnswerAsync(HttpContext context, string cacheControl, string body = "hello world")
    {
        context.Response.Headers.CacheControl = cacheControl;
        return context.Response.WriteAsync(body);
    }

    public Task<HttpResponseMessage> GetAsync(string path = "/", params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, headers);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path = "/", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Version = Client.DefaultRequestVersion, VersionPolicy = Client.DefaultVersionPolicy };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks, and says status, body and <c>Cache-Status</c>.</summary>
    public async Task<(HttpStatusCode Status, string Body, string CacheStatus)> AskAsync(string path = "/", params (string Name, string Value)[] headers)
    {
        using var response = await GetAsync(path, headers);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), CacheStatusOf(response));
    }

    public static string CacheStatusOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Cache-Status", out var values) ? string.Join(", ", values) : "";

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Balancer.DisposeAsync();
        await Backend.DisposeAsync();
    }
}
