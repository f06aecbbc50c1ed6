namespace LoadBalancer.Backends;

/// <summary>Why a wait ended with nothing.</summary>
public enum WaitFailure
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>As many wait already as may.</summary>
    QueueFull,

    /// <summary>The time was over.</summary>
    TimedOut,

    /// <summary>Whoever waited has gone.</summary>
    Cancelled,
}
