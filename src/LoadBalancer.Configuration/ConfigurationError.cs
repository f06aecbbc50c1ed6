namespace LoadBalancer.Configuration;

/// <summary>Something in the configuration that cannot be used.</summary>
/// <param name="Key">The full key, such as <c>LoadBalancer:Layer4:Listeners:echo:Pool</c>.</param>
/// <param name="Message">The bad value and what is allowed.</param>
public sealed record ConfigurationError(string Key, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Key}: {Message}";
}
