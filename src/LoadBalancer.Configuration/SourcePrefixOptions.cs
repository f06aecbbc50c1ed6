using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>How much of a client's address makes it the same client: one household's IPv6 addresses share 64 bits.</summary>
public sealed record SourcePrefixOptions
{
    /// <summary>Bits of an IPv4 address, 1 to 32. Default: 32.</summary>
    [Description("Bits of an IPv4 address that count, 1 to 32. Default 32.")]
    public int IPv4 { get; set; } = 32;

    /// <summary>Bits of an IPv6 address, 1 to 128. Default: 64.</summary>
    [Description("Bits of an IPv6 address that count, 1 to 128. Default 64.")]
    public int IPv6 { get; set; } = 64;
}
