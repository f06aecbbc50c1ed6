namespace Peers.Scenarios;

/// <summary>One contender's run in one round.</summary>
/// <param name="Values">A value for each figure of the load.</param>
/// <param name="Work">Units of work done.</param>
/// <param name="CpuSeconds">Processor time that it took the contender.</param>
/// <param name="PeakMebibytes">The contender's highest memory until now.</param>
internal sealed record Sample(IReadOnlyList<double?> Values, double Work, double CpuSeconds, double PeakMebibytes);
