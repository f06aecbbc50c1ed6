namespace Peers.Results;

/// <summary>
/// One contender in one scenario: a row of the JSON file. Its ratios are, in each round, the geometric mean of those
/// of all cases and figures.
/// </summary>
/// <param name="Contender">Who.</param>
/// <param name="RatioToDirect">Over rounds; null when there is nothing to compare with, or when the contender failed.</param>
/// <param name="RatioToBestPeer">Over rounds; null when there is nothing to compare with, or when the contender failed.</param>
/// <param name="Rounds">Rounds that count.</param>
/// <param name="CpuSecondsPerMillion">Processor time for a million units of work, over all cases; 0 for direct.</param>
/// <param name="PeakMemoryMiB">Highest memory in any case; 0 for direct.</param>
/// <param name="Invalid">Why it does not count; null when it does.</param>
/// <param name="Cases">The single figures.</param>
internal sealed record ContenderReport(
    string Contender,
    Spread? RatioToDirect,
    Spread? RatioToBestPeer,
    int Rounds,
    double? CpuSecondsPerMillion,
    double? PeakMemoryMiB,
    string? Invalid,
    IReadOnlyList<CaseReport> Cases);
