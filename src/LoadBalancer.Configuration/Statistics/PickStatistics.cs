namespace LoadBalancer.Configuration.Statistics;

/// <summary>A pick: which backend a connection or request was given, and why that one.</summary>
/// <param name="Number">Its place in the order of picks that were watched, from 1.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend's name.</param>
/// <param name="Address">The backend's address.</param>
/// <param name="Policy">The policy that picked; null when affinity or a repeated use decided, and no policy was asked.</param>
/// <param name="Reason">Why this backend.</param>
public sealed record PickStatistics(
    long Number,
    DateTimeOffset At,
    string Pool,
    string Backend,
    string Address,
    SelectionPolicy? Policy,
    string Reason);
