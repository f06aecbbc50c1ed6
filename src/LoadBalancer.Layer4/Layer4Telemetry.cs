using System.Diagnostics;
using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4.Tcp;
using LoadBalancer.Layer4.Udp;

namespace LoadBalancer.Layer4;

/// <summary>Instruments and span attributes of Layer 4.</summary>
internal static class Layer4Telemetry
{
    private static readonly Counter<long> Closed =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.connections", "{connection}", "Connections that ended, by listener and reason.");

    public static void RecordClosed(string listener, CloseReason reason)
    {
        if (Closed.Enabled)
        {
            Closed.Add(1, new(LoadBalancerTelemetry.ListenerKey, listener), new(LoadBalancerTelemetry.ReasonKey, reason.ToString()));
        }
    }

    public static void Describe(Activity activity, Layer4Connection connection)
    {
        Describe(activity, connection, "tcp", isFailure: connection.CloseReason != CloseReason.Completed);
        activity.SetTag("tls.client.server_name", connection.ServerName);
    }

    // Nobody says that a session is over: silence is how most of them end.
    public static void Describe(Activity activity, UdpSession session) =>
        Describe(activity, session, "udp", isFailure: session.CloseReason is not (CloseReason.Completed or CloseReason.IdleTimeout));

    private static void Describe(Activity activity, IRelayed relayed, string transport, bool isFailure)
    {
        activity.SetTag("network.transport", transport);
        activity.SetTag("client.address", relayed.ClientAddress?.Address.ToString());
        activity.SetTag("client.port", relayed.ClientAddress?.Port);
        activity.SetTag("server.address", relayed.ServerAddress?.Address.ToString());
        activity.SetTag("server.port", relayed.ServerAddress?.Port);
        activity.SetTag(LoadBalancerTelemetry.PoolKey, relayed.Pool?.Name);
        activity.SetTag(LoadBalancerTelemetry.PolicyKey, relayed.Pool is { } pool ? relayed.Settings.PolicyFor(pool).Kind.ToString() : null);
        activity.SetTag(LoadBalancerTelemetry.BackendKey, relayed.Backend?.Id);
        activity.SetTag(LoadBalancerTelemetry.ReplicaKey, relayed.Backend?.Name);
        activity.SetTag("lb.bytes.to_backend", relayed.BytesToBackend);
        activity.SetTag("lb.bytes.to_client", relayed.BytesToClient);
        activity.SetTag(LoadBalancerTelemetry.ReasonKey, relayed.CloseReason.ToString());
        if (isFailure)
        {
            activity.SetStatus(ActivityStatusCode.Error, relayed.CloseReason.ToString());
        }
    }
}
