using System.Security.Cryptography.X509Certificates;
using Backend;
using Microsoft.AspNetCore.Server.Kestrel.Core;

var options = BackendOptions.Read(args);
var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
// Thousands of connections may be opened at once; a full queue would make the client wait a second for its next try.
builder.WebHost.UseSockets(sockets => sockets.Backlog = 4096);
builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    foreach (var port in options.Http1)
    {
        kestrel.ListenLoopback(port, HttpProtocols.Http1);
    }

    foreach (var port in options.Http2)
    {
        kestrel.ListenLoopback(port, HttpProtocols.Http2);
    }

    foreach (var port in options.Https)
    {
        var certificate = X509Certificate2.CreateFromPemFile(options.Certificate!);
        kestrel.ListenLoopback(port, HttpProtocols.Http1, listen => listen.UseHttps(certificate));
    }
});

var app = builder.Build();
if (options.Slow.Length > 0)
{
    app.Use(async (context, next) =>
    {
        if (options.Slow.Contains(context.Connection.LocalPort))
        {
            await Task.Delay(options.Delay, context.RequestAborted);
        }

        await next(context);
    });
}

app.Run(Bodies.AnswerAsync);
await app.RunAsync();
