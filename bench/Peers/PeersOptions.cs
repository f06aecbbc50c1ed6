namespace Peers;

/// <summary>What the command line asks for.</summary>
/// <param name="Scenarios">Names of scenarios, all of them known; all scenarios when there are none.</param>
/// <param name="Rounds">Rounds in which every contender runs once.</param>
/// <param name="Seconds">Length of a run.</param>
/// <param name="WarmUps">Rounds of a second before the first that counts.</param>
/// <param name="Install">Whether missing programs are installed first.</param>
/// <param name="WriteDocs">Whether docs/performance.md is rewritten.</param>
/// <param name="CommandLine">The command that makes the same run again.</param>
internal sealed record PeersOptions(IReadOnlyList<string> Scenarios, int Rounds, int Seconds, int WarmUps, bool Install, bool WriteDocs, string CommandLine);
