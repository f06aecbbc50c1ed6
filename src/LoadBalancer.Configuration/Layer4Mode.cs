namespace LoadBalancer.Configuration;

/// <summary>How a Layer 4 listener gets bytes to a backend.</summary>
public enum Layer4Mode
{
    /// <summary>Two connections, client to balancer and balancer to backend; the balancer copies between them.</summary>
    Relay,

    /// <summary>One connection, client to backend; the kernel rewrites addresses (Linux, nftables, CAP_NET_ADMIN).</summary>
    Nat,
}
