namespace LoadBalancer.Backends;

/// <summary>The time in which a backend's share grows, linearly, from nothing to the whole.</summary>
internal sealed record SlowStart(TimeProvider Time, long Since, TimeSpan Span)
{
    /// <summary>The share at this moment, above 0 to 1. At least a hundredth: one that got nothing could not show that it works.</summary>
    public double Share => Math.Clamp(Time.GetElapsedTime(Since) / Span, 0.01, 1);
}
