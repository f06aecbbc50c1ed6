namespace LoadGenerator.Output;

/// <summary>What became of a step.</summary>
/// <param name="Name">The step.</param>
/// <param name="Outcome">Whether the claim holds.</param>
/// <param name="Reason">Why it does not, or why the step was left out.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Figures">What it measured.</param>
/// <param name="Killed">Replicas that it killed and that nobody has started again yet.</param>
internal sealed record StepResult(string Name, Outcome Outcome, string? Reason, double Seconds, IReadOnlyList<Figure> Figures, IReadOnlyList<string> Killed);
