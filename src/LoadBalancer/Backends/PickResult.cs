namespace LoadBalancer.Backends;

/// <summary>What came of a pick that may wait.</summary>
/// <param name="Backend">The backend; null when there is none.</param>
/// <param name="Failure">Why there is none.</param>
public readonly record struct PickResult(Backend? Backend, PickFailure Failure);
