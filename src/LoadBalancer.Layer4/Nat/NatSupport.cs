using System.Globalization;

namespace LoadBalancer.Layer4.Nat;

/// <summary>Says whether this process may use the kernel's translation.</summary>
internal static class NatSupport
{
    // <linux/capability.h>
    private const int NetAdmin = 12;

    private const string Otherwise = "'Mode: Relay' works without";

    /// <summary>Finds nft, or says what is missing.</summary>
    /// <param name="prefix">What programs are run by; empty in this process's own network namespace.</param>
    /// <returns>The program.</returns>
    /// <exception cref="NatException">Something is missing; one line says what.</exception>
    public static SystemTool Require(IReadOnlyList<string> prefix)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new NatException($"'Mode: Nat' needs Linux; {Otherwise}");
        }

        var nft = SystemTool.Find("nft", prefix);
        if (Missing(File.ReadAllLines("/proc/self/status"), nft is not null) is { } missing)
        {
            throw new NatException($"'Mode: Nat' needs {missing}; {Otherwise}");
        }

        return nft!;
    }

    /// <summary>Says what is missing.</summary>
    /// <param name="status">The lines of /proc/self/status, see proc(5).</param>
    /// <param name="hasNft">Whether nft is installed.</param>
    /// <returns>What is missing, or null.</returns>
    public static string? Missing(IEnumerable<string> status, bool hasNft)
    {
        var fields = status.Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).Where(field => field.Length == 2).ToDictionary(field => field[0], field => field[1]);
        var capability = !Has(fields["CapEff"]) ? "the capability CAP_NET_ADMIN, which this process does not have (root has it)"
            // What a user other than root starts keeps only ambient capabilities (capabilities(7)).
            : fields["Uid"].Split('\t')[1] != "0" && !Has(fields["CapAmb"]) ? "CAP_NET_ADMIN as an ambient capability, because nft is started as a program; it is not ambient here"
            : null;
        var program = hasNft ? null : "the program nft (package nftables), which is not installed";
        return capability is null || program is null ? capability ?? program : $"{capability}, and {program}";
    }

    private static bool Has(string capabilities) =>
        (ulong.Parse(capabilities, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) >> NetAdmin & 1) == 1;
}
