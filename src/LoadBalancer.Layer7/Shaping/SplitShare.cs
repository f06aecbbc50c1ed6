using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>A pool's part of a split.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Percent">Its share of the requests.</param>
/// <param name="Counter">Requests that it was given.</param>
internal sealed record SplitShare(BackendPool Pool, int Percent, SplitCounter Counter);
