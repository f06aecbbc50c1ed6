namespace Peers.Scenarios;

/// <summary>What stands behind the contenders.</summary>
internal enum BackendKind
{
    /// <summary>The minimal Kestrel server of bench/Backend.</summary>
    Http,

    /// <summary>iperf3, which serves one test at a time.</summary>
    Iperf,
}
