namespace Peers.Loads;

/// <summary>Something that a load measures.</summary>
/// <param name="Name">What it is, such as <c>requests a second</c>.</param>
/// <param name="Unit">Its unit in tables.</param>
/// <param name="HigherIsBetter">Whether more of it is better; time and memory are the other way round.</param>
internal sealed record Figure(string Name, string Unit, bool HigherIsBetter);
