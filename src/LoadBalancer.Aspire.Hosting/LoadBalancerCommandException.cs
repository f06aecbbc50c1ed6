namespace Aspire.Hosting;

/// <summary>A load balancer refused a command, and has changed nothing.</summary>
/// <param name="message">Why, and what is allowed.</param>
public sealed class LoadBalancerCommandException(string message) : Exception(message);
