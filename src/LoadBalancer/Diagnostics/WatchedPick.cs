using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Diagnostics;

/// <summary>What a pick knew when it was made. Its words are found only when somebody reads it.</summary>
internal sealed record WatchedPick(
    long Number,
    DateTimeOffset At,
    string Pool,
    string Backend,
    string Address,
    SelectionPolicy? Policy,
    int Active,
    int Weight,
    int Candidates,
    int Tried,
    bool IsPanicking)
{
    public PickStatistics ToStatistics() => new(Number, At, Pool, Backend, Address, Policy, Explain());

    private string Explain()
    {
        if (Policy is not { } policy)
        {
            return "the client's own, by affinity";
        }

        var left = Candidates - Tried;
        var reason = Candidates == 1 ? "the only one that can be picked" : left <= 1 ? "the only one left" : policy switch
        {
            SelectionPolicy.RoundRobin => $"its turn among {left}",
            SelectionPolicy.WeightedRoundRobin => $"its turn among {left}, as often as its weight {Weight} says",
            SelectionPolicy.LeastConnections => $"fewest active for its weight: {Active} with weight {Weight}, of {left}",
            SelectionPolicy.PowerOfTwoChoices => $"less loaded of two drawn from {left}: {Active} active with weight {Weight}",
            SelectionPolicy.PeakEwma => $"lower latency times load of two drawn from {left}: {Active} active",
            SelectionPolicy.Random => $"drawn from {left} by its weight {Weight}",
            SelectionPolicy.SourceHash => $"the client's address hashes to it, of {left}",
            SelectionPolicy.ConsistentHash => $"the key hashes to it, of {left}",
            SelectionPolicy.First => $"first of {left} with room",
            _ => $"picked from {left}",
        };
        return (Tried, IsPanicking) switch
        {
            (0, false) => reason,
            (0, true) => $"{reason}; the pool panics, so unhealthy ones are used",
            (_, false) => $"{reason}, after {Tried} that failed",
            (_, true) => $"{reason}, after {Tried} that failed; the pool panics",
        };
    }
}
