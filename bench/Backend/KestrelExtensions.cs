using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Backend;

internal static class KestrelExtensions
{
    public static void ListenLoopback(this KestrelServerOptions kestrel, int port, HttpProtocols protocols, Action<ListenOptions>? configure = null) =>
        kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = protocols;
            configure?.Invoke(listen);
        });
}
