namespace Peers.Scenarios;

/// <summary>Something worth comparing.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What it does, in one line.</param>
/// <param name="Cases">One or several cases.</param>
internal sealed record Scenario(string Name, string Description, params IReadOnlyList<Case> Cases);
