namespace LoadBalancer.Configuration;

/// <summary>How a backend is picked from those that can take work.</summary>
public enum SelectionPolicy
{
    /// <summary>Each backend in turn. Weights are not used.</summary>
    RoundRobin,

    /// <summary>The backend with the fewest active connections or requests for its weight.</summary>
    LeastConnections,

    /// <summary>
    /// The less loaded, for its weight, of two backends drawn at random
    /// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001).
    /// </summary>
    PowerOfTwoChoices,

    /// <summary>The same backend for the same source address, by the table that <see cref="ConsistentHash"/> uses.</summary>
    SourceHash,

    /// <summary>
    /// Each backend in turn, as often as its weight says, the turns of a heavy one spread out: for the weights 5, 1, 1
    /// the order is a a b a c a a (nginx's "smooth" weighted round robin).
    /// </summary>
    WeightedRoundRobin,

    /// <summary>Drawn at random, as often as its weight says (Walker's alias method; Vose, IEEE TSE 17(9), 1991).</summary>
    Random,

    /// <summary>
    /// The same backend for the same key, by Maglev's table (Eisenbud et al., "Maglev: A Fast and Reliable Software
    /// Network Load Balancer", NSDI 2016). A backend that leaves moves its own keys and few others.
    /// </summary>
    ConsistentHash,

    /// <summary>The first backend in the order of discovery that has capacity left: the others are spare. Weights are not used.</summary>
    First,

    /// <summary>
    /// The one with the lower cost of two backends drawn at random, where the cost is a moving average of the latency
    /// that follows peaks at once, times the requests under way (Finagle's Peak EWMA).
    /// </summary>
    PeakEwma,
}
