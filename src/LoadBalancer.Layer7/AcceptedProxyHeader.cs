using System.Buffers;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.ProxyProtocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LoadBalancer.Layer7;

/// <summary>Takes the PROXY protocol header off connections of trusted proxies, before TLS and HTTP see a byte.</summary>
internal sealed class AcceptedProxyHeader(AcceptProxyProtocolOptions options)
{
    private readonly NetworkSet _trusted = new(options.TrustedNetworks);

    /// <summary>Whether a connection must begin with a header.</summary>
    public bool IsExpectedOf(ConnectionContext connection) => connection.RemoteEndPoint is IPEndPoint peer && _trusted.Contains(peer.Address);

    /// <summary>Reads the header, and gives the connection the addresses that it tells.</summary>
    /// <returns>Why there is no header; null when there is.</returns>
    public async ValueTask<string?> TakeAsync(ConnectionContext connection)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(
            connection.ConnectionClosed,
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None);
        deadline.CancelAfter(options.Timeout);
        var input = connection.Transport.Input;
        var length = 0L;
        try
        {
            while (true)
            {
                var received = await input.ReadAsync(deadline.Token);
                length = received.Buffer.Length;
                var result = ProxyHeaderReader.Read(Beginning(received.Buffer));
                if (result.Status == ParseStatus.Complete)
                {
                    input.AdvanceTo(received.Buffer.GetPosition(result.Consumed));
                    Use(result.Header!, connection);
                    return null;
                }

                input.AdvanceTo(received.Buffer.Start, received.Buffer.End);
                if (result.Status == ParseStatus.Malformed)
                {
                    return result.Reason;
                }

                if (received.IsCompleted)
                {
                    return $"the proxy finished after {length} bytes";
                }
            }
        }
        catch (OperationCanceledException)
        {
            return $"only {length} bytes came in time";
        }
        catch (IOException exception)
        {
            return exception.Message;
        }
    }

    private static ReadOnlySpan<byte> Beginning(ReadOnlySequence<byte> bytes) =>
        bytes.IsSingleSegment ? bytes.FirstSpan : bytes.Slice(0, Math.Min(bytes.Length, ProxyHeaderReader.MaxLength)).ToArray();

    private static void Use(ProxyHeader header, ConnectionContext connection)
    {
        if (header is { Command: ProxyCommand.Proxy, Source: { } source })
        {
            connection.RemoteEndPoint = source;
            connection.LocalEndPoint = header.Destination;
        }
    }
}
