namespace LoadGenerator.Output;

/// <summary>A number that a step measured, and what it must be for the claim to hold.</summary>
/// <param name="Name">What was counted.</param>
/// <param name="Value">What it was.</param>
/// <param name="Lowest">The least that the claim allows.</param>
/// <param name="Highest">The most; null for no limit.</param>
internal sealed record Figure(string Name, double Value, double Lowest, double? Highest)
{
    public bool Holds => Value >= Lowest && (Highest is null || Value <= Highest);
}
