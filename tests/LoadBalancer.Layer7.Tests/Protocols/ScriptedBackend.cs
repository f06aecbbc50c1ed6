using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>A Kestrel that does what a test tells it to.</summary>
internal sealed class ScriptedBackend : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedBackend(WebApplication app, string address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>As service discovery names it.</summary>
    public string Address { get; }

    /// <summary>Answers every request by one delegate.</summary>
    /// <param name="answer">What is done with a request.</param>
    /// <param name="protocols">The HTTP versions.</param>
    /// <param name="authority">Issues a certificate; null for clear text.</param>
    /// <param name="bind">Where it listens; <c>127.0.0.1:0</c> unless said otherwise.</param>
    public static Task<ScriptedBackend> StartAsync(
        RequestDelegate answer,
        HttpProtocols protocols = HttpProtocols.Http1,
        TestAuthority? authority = null,
        Action<KestrelServerOptions, Action<ListenOptions>>? bind = null) =>
        StartAsync(_ => { }, app => app.Run(answer), protocols, authority, bind);

    public static async Task<ScriptedBackend> StartAsync(
        Action<IServiceCollection> services,
        Action<WebApplication> map,
        HttpProtocols protocols = HttpProtocols.Http1,
        TestAuthority? authority = null,
        Action<KestrelServerOptions, Action<ListenOptions>>? bind = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().UseQuic();
        services(builder.Services);
        bind ??= static (kestrel, configure) => kestrel.Listen(System.Net.IPAddress.Loopback, 0, configure);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            bind(kestrel, listen =>
            {
                listen.Protocols = protocols;
                if (authority is not null)
                {
                    listen.UseHttps(authority.Issue("127.0.0.1", "localhost"));
                }
            });
        });
        var app = builder.Build();
        app.UseWebSockets();
        map(app);
        await app.StartAsync();
        var url = app.Urls.Single();
        return new(app, url.StartsWith("http://unix:", StringComparison.Ordinal) ? url["http://".Length..] : url);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
