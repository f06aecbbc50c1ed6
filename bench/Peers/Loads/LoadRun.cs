using Peers.Processes;

namespace Peers.Loads;

/// <summary>What a load needs to know of the contender that it is sent to.</summary>
/// <param name="Tools">Runs programs.</param>
/// <param name="Port">Where the contender listens, on 127.0.0.1.</param>
/// <param name="Seconds">How long to measure.</param>
/// <param name="AddedBytes">Memory that the contender has now over what it had after warming up; 0 for none in between.</param>
internal sealed record LoadRun(ToolRunner Tools, int Port, int Seconds, Func<long> AddedBytes);
