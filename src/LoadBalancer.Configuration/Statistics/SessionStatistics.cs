namespace LoadBalancer.Configuration.Statistics;

/// <summary>What session affinity did on a route.</summary>
/// <param name="New">Requests without a session, which got one.</param>
/// <param name="Kept">Requests that went to their session's backend.</param>
/// <param name="Repicked">Requests whose session moved: its backend was gone, took no requests, or could not be connected. In the last case it counts as kept too.</param>
/// <param name="Refused">Requests that were answered with 503 instead.</param>
/// <param name="Remembered">Clients that are remembered now; null where the client brings its session.</param>
public sealed record SessionStatistics(long New, long Kept, long Repicked, long Refused, int? Remembered);
