using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.ProxyProtocol;

/// <summary>What a proxy says of the connection that it relays.</summary>
/// <param name="Version">The version in which it was said.</param>
/// <param name="Command">Whether there is a client behind the proxy.</param>
/// <param name="Transport">How the client talks to the proxy.</param>
/// <param name="Source">The client; null where the proxy does not say, and for a Unix socket. Then the connection's own address counts.</param>
/// <param name="Destination">Where the client connected to; null exactly when <paramref name="Source"/> is.</param>
/// <param name="UniqueId">An id that the proxy gave the connection, at most 128 bytes; empty for none.</param>
internal sealed record ProxyHeader(
    ProxyProtocolVersion Version,
    ProxyCommand Command,
    ProxyTransport Transport,
    IPEndPoint? Source,
    IPEndPoint? Destination,
    ReadOnlyMemory<byte> UniqueId);
