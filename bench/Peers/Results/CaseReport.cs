using System.Text.Json.Serialization;

namespace Peers.Results;

/// <summary>One figure of one contender in one case.</summary>
/// <param name="Case">The case; empty where the scenario has one.</param>
/// <param name="Figure">What was measured.</param>
/// <param name="Contender">Who.</param>
/// <param name="Unit">Unit of <paramref name="Absolute"/>.</param>
/// <param name="Absolute">The figure itself, which says nothing on another machine.</param>
/// <param name="RatioToDirect">As good as nothing in between is 1, half as good is 0.5; null when there is nothing to compare with.</param>
/// <param name="RatioToBestPeer">As good as the best peer of the same round is 1; null when there is nothing to compare with.</param>
/// <param name="CpuSecondsPerMillion">Processor time for a million units of work; 0 for direct.</param>
/// <param name="PeakMemoryMiB">Highest memory; 0 for direct.</param>
/// <param name="Invalid">Why it does not count; null when it does.</param>
internal sealed record CaseReport(
    string Case,
    string Figure,
    [property: JsonIgnore] string Contender,
    string Unit,
    Spread? Absolute,
    Spread? RatioToDirect,
    Spread? RatioToBestPeer,
    double? CpuSecondsPerMillion,
    double? PeakMemoryMiB,
    string? Invalid);
