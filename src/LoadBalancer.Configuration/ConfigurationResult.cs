using System.Diagnostics.CodeAnalysis;

namespace LoadBalancer.Configuration;

/// <summary>What came of reading a configuration: options, or every reason why there are none.</summary>
/// <param name="Options">The options; null when there are errors.</param>
/// <param name="Errors">Every error found.</param>
public sealed record ConfigurationResult(LoadBalancerOptions? Options, IReadOnlyList<ConfigurationError> Errors)
{
    /// <summary>Whether the configuration can be used.</summary>
    [MemberNotNullWhen(true, nameof(Options))]
    public bool IsValid => Options is not null;
}
