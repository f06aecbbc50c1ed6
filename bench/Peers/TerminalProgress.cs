using Peers.Scenarios;
using Spectre.Console;

namespace Peers;

/// <summary>A scenario's progress in the terminal.</summary>
internal sealed class TerminalProgress(ProgressTask task, string scenario) : IProgressReport
{
    public void Begin(string what) => task.Description = $"{scenario}: {what}".EscapeMarkup();

    public void Advance(int steps) => task.Increment(steps);
}
