using LoadBalancer.Backends;

namespace LoadBalancer.Health;

/// <summary>One kind of health check.</summary>
public interface IHealthProbe
{
    /// <summary>Checks a backend once.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="cancellationToken">Ends the check when its time is over.</param>
    /// <returns>Null when it passed; else why it failed.</returns>
    Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken);
}
