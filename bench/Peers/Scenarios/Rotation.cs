namespace Peers.Scenarios;

/// <summary>The order of a round.</summary>
internal static class Rotation
{
    /// <summary>Starts one further in each round, so that nobody is always first, or always after the same one's heat and garbage.</summary>
    /// <param name="items">All of them.</param>
    /// <param name="round">The round, from 0.</param>
    public static IEnumerable<T> Order<T>(IReadOnlyList<T> items, int round) =>
        Enumerable.Range(0, items.Count).Select(i => items[(i + round) % items.Count]);
}
