namespace LoadBalancer.Configuration.Statistics;

/// <summary>What a route did about slow and failing backends.</summary>
/// <param name="Retries">Further attempts that were made.</param>
/// <param name="RetriesRefused">Retries and hedges that the budget did not allow.</param>
/// <param name="Hedges">Times a further backend was asked because the first was slow.</param>
/// <param name="HedgesWon">Times the further backend's answer came first.</param>
/// <param name="Timeouts">Time-outs that ran out, by kind: Connect, FirstByte, Total, Idle.</param>
public sealed record ResilienceStatistics(
    long Retries,
    long RetriesRefused,
    long Hedges,
    long HedgesWon,
    IReadOnlyDictionary<string, long> Timeouts);
