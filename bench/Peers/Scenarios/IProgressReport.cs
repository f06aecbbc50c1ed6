namespace Peers.Scenarios;

/// <summary>Is told how far a scenario has come.</summary>
internal interface IProgressReport
{
    /// <summary>A step begins.</summary>
    void Begin(string what);

    /// <summary>Steps ended.</summary>
    void Advance(int steps);
}
