namespace LoadBalancer.Configuration;

/// <summary>How a backend is picked from those that can take work.</summary>
public enum SelectionPolicy
{
    /// <summary>Each backend in turn. Weights are not used.</summary>
    RoundRobin,

    /// <summary>The backend with the fewest active connections or requests for its weight.</summary>
    LeastConnections,

    /// <summary>
    /// The less loaded of two backends drawn at random
    /// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001).
    /// </summary>
    PowerOfTwoChoices,

    /// <summary>
    /// The same backend for the same client address, by weighted rendezvous hashing
    /// (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 6(1), 1998).
    /// A backend that leaves moves only its own clients.
    /// </summary>
    SourceHash,
}
