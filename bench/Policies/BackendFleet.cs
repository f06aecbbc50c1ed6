using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Policies;

/// <summary>
/// Four HTTP servers whose answers take an exponentially distributed time; that of the second one is ten times as long
/// while <see cref="IsOneSlow"/>. A backend takes as many requests at a time as come: what differs is its latency, not
/// how much it can do.
/// </summary>
internal sealed class BackendFleet : IAsyncDisposable
{
    /// <summary>Header of an answer that says which backend it is from.</summary>
    public const string Header = "X-Backend";

    /// <summary>Mean time of an answer of a healthy backend.</summary>
    public static readonly TimeSpan Mean = TimeSpan.FromMilliseconds(20);

    public const int Count = 4;
    public const int Slow = 1;
    public const int Factor = 10;

    private readonly WebApplication[] _servers;
    private volatile bool _isOneSlow;

    private BackendFleet() => _servers = [.. Enumerable.Range(0, Count).Select(Create)];

    public bool IsOneSlow { get => _isOneSlow; set => _isOneSlow = value; }

    public IEnumerable<string> Addresses => _servers.Select(server => server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<BackendFleet> StartAsync(CancellationToken cancellation)
    {
        var fleet = new BackendFleet();
        await Task.WhenAll(fleet._servers.Select(server => server.StartAsync(cancellation)));
        return fleet;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private WebApplication Create(int number)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(async context =>
        {
            var mean = Mean * (IsOneSlow && number == Slow ? Factor : 1);
            await Task.Delay(mean * -Math.Log(1 - Random.Shared.NextDouble()), context.RequestAborted);
            context.Response.Headers[Header] = $"{number}";
            await context.Response.WriteAsync("hello\n", context.RequestAborted);
        });
        return server;
    }
}
