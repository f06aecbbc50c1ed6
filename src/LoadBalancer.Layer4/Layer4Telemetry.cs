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
        activity.SetTag("network.transport", "tcp");
        activity.SetTag("client.address", connection.ClientAddress?.Address.ToString());
        activity.SetTag("client.port", connection.ClientAddress?.Port);
        activity.SetTag("server.address", connection.ServerAddress?.Address.ToString());
        activity.SetTag("server.port", connection.ServerAddress?.Port);
        activity.SetTag(LoadBalancerTelemetry.PoolKey, connection.Pool?.Name);
        activity.SetTag(LoadBalancerTelemetry.PolicyKey, connection.Pool is { } pool ? connection.Settings.PolicyFor(pool).Kind.ToString() : null);
        activity.SetTag(LoadBalancerTelemetry.BackendKey, connection.Backend?.Id);
        activity.SetTag(LoadBalancerTelemetry.ReplicaKey, connection.Backend?.Name);
        activity.SetTag("tls.client.server_name", connection.ServerName);
        activity.SetTag("lb.bytes.to_backend", connection.BytesToBackend);
        activity.SetTag("lb.bytes.to_client", connection.BytesToClient);
        activity.SetTag(LoadBalancerTelemetry.ReasonKey, connection.CloseReason.ToString());
        if (connection.CloseReason != CloseReason.Completed)
        {
            activity.SetStatus(ActivityStatusCode.Error, connection.CloseReason.ToString());
        }
    }

    public static void Describe(Activity activity, UdpSession session)
    {
        activity.SetTag("network.transport", "udp");
        activity.SetTag("client.address", session.ClientAddress.Address.ToString());
        activity.SetTag("client.port", session.ClientAddress.Port);
        activity.SetTag("server.address", session.ServerAddress.Address.ToString());
        activity.SetTag("server.port", session.ServerAddress.Port);
        activity.SetTag(LoadBalancerTelemetry.PoolKey, session.Pool.Name);
        activity.SetTag(LoadBalancerTelemetry.PolicyKey, session.Settings.PolicyFor(session.Pool).Kind.ToString());
        activity.SetTag(LoadBalancerTelemetry.BackendKey, session.Backend?.Id);
        activity.SetTag(LoadBalancerTelemetry.ReplicaKey, session.Backend?.Name);
        activity.SetTag("lb.bytes.to_backend", session.BytesToBackend);
        activity.SetTag("lb.bytes.to_client", session.BytesToClient);
        activity.SetTag(LoadBalancerTelemetry.ReasonKey, session.CloseReason.ToString());
        // Nobody says that a session is over: silence is how most of them end.
        if (session.CloseReason is not (CloseReason.Completed or CloseReason.IdleTimeout))
        {
            activity.SetStatus(ActivityStatusCode.Error, session.CloseReason.ToString());
        }
    }
}
