namespace Policies;

/// <summary>One answer.</summary>
/// <param name="Latency">Time from the moment at which the request was due.</param>
/// <param name="Status">Its status.</param>
/// <param name="Backend">Number of the backend that it is from; -1 for the balancer's own.</param>
internal readonly record struct Answer(TimeSpan Latency, int Status, int Backend);
