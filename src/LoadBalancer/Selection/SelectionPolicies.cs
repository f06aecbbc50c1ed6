using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>Makes policies by name.</summary>
public static class SelectionPolicies
{
    /// <summary>Makes a policy with state of its own.</summary>
    /// <param name="kind">Which policy.</param>
    /// <returns>A new policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is not a policy.</exception>
    public static ISelectionPolicy Create(SelectionPolicy kind) => kind switch
    {
        SelectionPolicy.RoundRobin => new RoundRobinPolicy(),
        SelectionPolicy.LeastConnections => new LeastConnectionsPolicy(),
        SelectionPolicy.PowerOfTwoChoices => new PowerOfTwoChoicesPolicy(),
        SelectionPolicy.SourceHash or SelectionPolicy.ConsistentHash => new HashPolicy(kind),
        SelectionPolicy.WeightedRoundRobin => new WeightedRoundRobinPolicy(),
        SelectionPolicy.Random => new RandomPolicy(),
        SelectionPolicy.First => new FirstPolicy(),
        SelectionPolicy.PeakEwma => new PeakEwmaPolicy(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"must be one of {string.Join(", ", Enum.GetNames<SelectionPolicy>())}"),
    };
}
