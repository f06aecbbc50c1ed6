using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Browser.Tests;

/// <summary>Servers to balance: for HTTP, and for lines over TCP.</summary>
internal sealed class Backends : IAsyncDisposable
{
    private readonly List<WebApplication> _web = [];
    private readonly List<TcpListener> _lines = [];

    /// <summary>Starts a server that answers every request with its name.</summary>
    /// <returns>Where it is.</returns>
    public async Task<string> StartWebAsync(string name, TimeSpan delay = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            await Task.Delay(delay);
            await context.Response.WriteAsync(name);
        });
        await app.StartAsync();
        _web.Add(app);
        return new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;
    }

    /// <summary>Starts a server that says its name and keeps the connection open.</summary>
    /// <returns>Where it is.</returns>
    public string StartLines(string name)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _lines.Add(listener);
        _ = ServeAsync(listener, name);
        return listener.LocalEndpoint.ToString()!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _lines)
        {
            listener.Dispose();
        }

        foreach (var app in _web)
        {
            await app.DisposeAsync();
        }
    }

    private static async Task ServeAsync(TcpListener listener, string name)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync();
                await client.SendAsync(Encoding.ASCII.GetBytes($"{name}\n"));
                _ = client.ReceiveAsync(new byte[1]);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
