using System.Net.Quic;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7;

/// <summary>Whether the machine has QUIC, which HTTP/3 needs: .NET takes it from libmsquic on Linux and macOS, and from Windows 11 or Server 2022 on.</summary>
public static class Quic
{
    internal const string HowToGet = "On Linux it comes with the package libmsquic.";

    /// <summary>Whether HTTP/3 can be spoken.</summary>
    public static bool IsSupported => (OperatingSystem.IsLinux() || OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()) && QuicListener.IsSupported;

    /// <summary>Checks that no pool needs what the machine does not have; a listener can do without.</summary>
    /// <param name="options">The options.</param>
    /// <returns>An error for each pool whose backends are to be spoken to in HTTP/3.</returns>
    public static IEnumerable<ConfigurationError> Validate(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return from pool in options.Pools
               where pool.Value.HttpVersion == BackendHttpVersion.Http3 && !IsSupported
               select new ConfigurationError($"LoadBalancer:Pools:{pool.Key}:HttpVersion", $"'Http3' needs QUIC, which this machine does not have; must be one of Auto, Http1, Http2. {HowToGet}");
    }
}
