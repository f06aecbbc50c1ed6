namespace LoadBalancer.Configuration;

/// <summary>What happens to a session whose backend is gone or takes no requests.</summary>
public enum AffinityFailure
{
    /// <summary>Another backend is picked, and kept from then on.</summary>
    Repick,

    /// <summary>The request is answered with 503.</summary>
    Refuse,
}
