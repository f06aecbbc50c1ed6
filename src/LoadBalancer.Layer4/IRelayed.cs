using System.Net;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer4;

/// <summary>A connection or session, as far as telemetry tells of both alike.</summary>
internal interface IRelayed
{
    /// <summary>What its listener is called now.</summary>
    string ListenerName { get; }

    IPEndPoint? ClientAddress { get; }

    IPEndPoint? ServerAddress { get; }

    ListenerSettings Settings { get; }

    BackendPool? Pool { get; }

    Backend? Backend { get; }

    long BytesToBackend { get; }

    long BytesToClient { get; }

    CloseReason CloseReason { get; }
}
