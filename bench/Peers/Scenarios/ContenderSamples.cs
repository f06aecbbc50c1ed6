using Peers.Contenders;

namespace Peers.Scenarios;

/// <summary>Everything measured of one contender in one case.</summary>
/// <param name="Contender">The contender.</param>
/// <param name="Rounds">Its samples by round.</param>
/// <param name="Problem">Why they do not count; null when they do. One bad round spoils all: a contender that drops requests is not fast.</param>
internal sealed record ContenderSamples(Contender Contender, IReadOnlyList<Sample> Rounds, string? Problem);
