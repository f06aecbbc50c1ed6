namespace Peers.Loads;

/// <summary>What came of one run.</summary>
/// <param name="Work">Units of work done: requests, connections, mebibytes.</param>
/// <param name="Values">A value for each of the load's figures; null where there is none, as for memory when nothing is in between.</param>
/// <param name="Problem">Why the run does not count; null when it does.</param>
internal sealed record LoadResult(double Work, IReadOnlyList<double?> Values, string? Problem = null);
