using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a listener of a Layer 4 load balancer.</summary>
public sealed class Layer4ListenerBuilder
{
    internal Layer4ListenerBuilder()
    {
    }

    internal Layer4ListenerOptions Options { get; private set; } = new();

    /// <summary>Sets how a replica is picked for a connection. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    public Layer4ListenerBuilder WithPolicy(SelectionPolicy policy)
    {
        Contract.Check(policy, nameof(policy));
        return With(Options with { Policy = policy }, nameof(policy));
    }

    /// <summary>Sets the time in which a replica must accept a connection before another one is tried. Default: 5 s.</summary>
    /// <param name="timeout">10 ms to 5 min.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range.</exception>
    public Layer4ListenerBuilder WithConnectTimeout(TimeSpan timeout) => With(Options with { ConnectTimeout = timeout }, nameof(timeout));

    /// <summary>Sets how many replicas are tried for one connection before it is reset. Default: 3.</summary>
    /// <param name="attempts">1 to 16.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="attempts"/> is out of range.</exception>
    public Layer4ListenerBuilder WithConnectAttempts(int attempts) => With(Options with { ConnectAttempts = attempts }, nameof(attempts));

    /// <summary>Sets the time without a byte in either direction after which a connection is closed. Default: 10 min.</summary>
    /// <param name="timeout">1 s to 7 d.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range.</exception>
    public Layer4ListenerBuilder WithIdleTimeout(TimeSpan timeout) => With(Options with { IdleTimeout = timeout }, nameof(timeout));

    private Layer4ListenerBuilder With(Layer4ListenerOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return this;
    }
}
