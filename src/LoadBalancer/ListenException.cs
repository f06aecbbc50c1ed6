using LoadBalancer.Configuration;

namespace LoadBalancer;

/// <summary>A listener's address cannot be bound, or what its mode needs is missing.</summary>
public sealed class ListenException : Exception
{
    /// <summary>Says which listener, which address and why.</summary>
    /// <param name="key">Configuration key of the address.</param>
    /// <param name="address">The address.</param>
    /// <param name="cause">What the operating system said.</param>
    public ListenException(string key, ListenAddress address, Exception cause)
        : base($"{key}: '{address}' cannot be bound: {cause?.Message}", cause)
    {
    }

    /// <summary>Says what is missing.</summary>
    /// <param name="message">Configuration key and reason, in one line.</param>
    /// <param name="cause">What was found.</param>
    public ListenException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
