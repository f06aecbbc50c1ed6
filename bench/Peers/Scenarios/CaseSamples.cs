namespace Peers.Scenarios;

/// <summary>Everything measured in one case.</summary>
internal sealed record CaseSamples(Case Case, IReadOnlyList<ContenderSamples> Contenders);
