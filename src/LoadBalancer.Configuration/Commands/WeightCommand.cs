namespace LoadBalancer.Configuration.Commands;

/// <summary>Body of the command that sets a backend's weight.</summary>
/// <param name="Weight">Share of the work relative to the other backends, 1 to 256.</param>
public sealed record WeightCommand(int Weight);
