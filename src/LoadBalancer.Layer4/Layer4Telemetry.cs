using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4.Tcp;
using LoadBalancer.Layer4.Udp;

namespace LoadBalancer.Layer4;

/// <summary>What Layer 4 tells of its connections and sessions: their spans, and figures of their ends.</summary>
internal static class Layer4Telemetry
{
    /// <summary>Begins the span of a connection or session: a trace of its own, since no bytes say which it is part of.</summary>
    /// <param name="name">What it is called.</param>
    /// <returns>The span, which the caller ends; null when nobody listens.</returns>
    public static Activity? Start(string name) => LoadBalancerTelemetry.Source.StartActivity(name, ActivityKind.Server);

    /// <summary>The span where what is added to it gets somewhere; null where it only has an id, since it is not sampled.</summary>
    public static Activity? Recorded(Activity? span) => span is { IsAllDataRequested: true } ? span : null;

    public static void RecordClosed(string listener, CloseReason reason)
    {
        if (Instruments.CountsClosed)
        {
            Instruments.RecordClosed(listener, reason.ToString());
        }
    }

    /// <summary>Notes that a backend is asked for a connection.</summary>
    public static void Attempted(Activity? span, string listener, int attempt)
    {
        if (attempt > 1)
        {
            Instruments.RecordRetry(LoadBalancerTelemetry.ListenerKey, listener);
        }

        span?.SetTag(LoadBalancerTelemetry.AttemptKey, attempt);
    }

    public static void Connected(Activity? span, Backend backend) => span?.AddEvent(new ActivityEvent("connected", tags: new() { [LoadBalancerTelemetry.ReplicaKey] = backend.Name }));

    public static void ConnectFailed(Activity? span, Backend backend, string? error) => span?.AddEvent(
        new ActivityEvent("connect failed", tags: new() { [LoadBalancerTelemetry.ReplicaKey] = backend.Name, [LoadBalancerTelemetry.ReasonKey] = error }));

    /// <summary>Notes the first byte of a backend.</summary>
    public static void FirstByte(Activity? span) => span?.AddEvent(new ActivityEvent("first byte"));

    public static void Describe(Activity span, Layer4Connection connection)
    {
        Describe(span, connection, "tcp", connection.PeerAddress, isFailure: connection.CloseReason != CloseReason.Completed);
        span.SetTag("tls.client.server_name", connection.ServerName);
    }

    // Nobody says that a session is over: silence is how most of them end.
    public static void Describe(Activity span, UdpSession session) =>
        Describe(span, session, "udp", session.ClientAddress, isFailure: session.CloseReason is not (CloseReason.Completed or CloseReason.IdleTimeout));

    private static void Describe(Activity span, IRelayed relayed, string transport, IPEndPoint? peer, bool isFailure)
    {
        span.SetTag("network.transport", transport);
        span.SetTag("network.type", peer?.AddressFamily switch
        {
            AddressFamily.InterNetwork => "ipv4",
            AddressFamily.InterNetworkV6 => "ipv6",
            _ => null,
        });
        span.SetTag("network.peer.address", peer?.Address.ToString());
        span.SetTag("network.peer.port", peer?.Port);
        span.SetTag("client.address", relayed.ClientAddress?.Address.ToString());
        span.SetTag("client.port", relayed.ClientAddress?.Port);
        span.SetTag("server.address", relayed.ServerAddress?.Address.ToString());
        span.SetTag("server.port", relayed.ServerAddress?.Port);
        span.SetTag(LoadBalancerTelemetry.ListenerKey, relayed.ListenerName);
        span.SetTag(LoadBalancerTelemetry.PoolKey, relayed.Pool?.Name);
        span.SetTag(LoadBalancerTelemetry.PolicyKey, relayed.Pool is { } pool ? relayed.Settings.PolicyFor(pool).Kind.ToString() : null);
        span.SetTag(LoadBalancerTelemetry.BackendKey, relayed.Backend?.Id);
        span.SetTag(LoadBalancerTelemetry.ReplicaKey, relayed.Backend?.Name);
        span.SetTag("lb.retries", Math.Max(0, (span.GetTagItem(LoadBalancerTelemetry.AttemptKey) as int? ?? 0) - 1));
        span.SetTag("lb.bytes.to_backend", relayed.BytesToBackend);
        span.SetTag("lb.bytes.to_client", relayed.BytesToClient);
        var reason = relayed.CloseReason.ToString();
        span.SetTag(LoadBalancerTelemetry.ReasonKey, reason);
        if (isFailure)
        {
            span.SetTag("error.type", reason);
            span.SetStatus(ActivityStatusCode.Error, reason);
        }
    }
}
