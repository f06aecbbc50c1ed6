using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Diagnostics;

/// <summary>Why a backend was picked, or none, in words for people.</summary>
internal static class PickReason
{
    /// <summary>Says why a backend was picked.</summary>
    /// <param name="policy">The policy that decided; null where the client brought its own backend.</param>
    /// <param name="candidates">Backends that could be picked.</param>
    /// <param name="tried">Backends that were tried before.</param>
    /// <param name="active">Connections and requests that it had, without this one.</param>
    /// <param name="weight">Its weight.</param>
    /// <param name="isPanicking">Whether the pool uses unhealthy backends too.</param>
    public static string Of(SelectionPolicy? policy, int candidates, int tried, int active, int weight, bool isPanicking)
    {
        if (policy is null)
        {
            return "the client's own, by affinity";
        }

        var left = candidates - tried;
        var reason = candidates == 1 ? "the only one that can be picked" : left <= 1 ? "the only one left" : policy switch
        {
            SelectionPolicy.RoundRobin => $"its turn among {left}",
            SelectionPolicy.WeightedRoundRobin => $"its turn among {left}, as often as its weight {weight} says",
            SelectionPolicy.LeastConnections => $"fewest active for its weight: {active} with weight {weight}, of {left}",
            SelectionPolicy.PowerOfTwoChoices => $"less loaded of two drawn from {left}: {active} active with weight {weight}",
            SelectionPolicy.PeakEwma => $"lower latency times load of two drawn from {left}: {active} active",
            SelectionPolicy.Random => $"drawn from {left} by its weight {weight}",
            SelectionPolicy.SourceHash => $"the client's address hashes to it, of {left}",
            SelectionPolicy.ConsistentHash => $"the key hashes to it, of {left}",
            SelectionPolicy.First => $"first of {left} with room",
            _ => $"picked from {left}",
        };
        return (tried, isPanicking) switch
        {
            (0, false) => reason,
            (0, true) => $"{reason}; the pool panics, so unhealthy ones are used",
            (_, false) => $"{reason}, after {tried} that failed",
            (_, true) => $"{reason}, after {tried} that failed; the pool panics",
        };
    }

    /// <summary>Says why none was picked.</summary>
    /// <param name="failure">What the pool said.</param>
    /// <param name="tried">Backends that were tried before.</param>
    public static string Of(PickFailure failure, int tried) => failure switch
    {
        PickFailure.AtCapacity => "every backend is at its limit, and no more may wait",
        PickFailure.QueueTimeout => "every backend stayed at its limit for as long as may be waited",
        PickFailure.Cancelled => "given up while it waited for a backend",
        _ when tried > 0 => $"none left besides the {tried} that failed",
        _ => "no healthy backend",
    };
}
