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
    public PickStatistics ToStatistics() => new(Number, At, Pool, Backend, Address, Policy, PickReason.Of(Policy, Candidates, Tried, Active, Weight, IsPanicking));
}
