using System.Globalization;

namespace Peers.Processes;

/// <summary>What all processes of a session have used, read from <c>/proc</c>.</summary>
/// <param name="CpuSeconds">Processor time in user and kernel mode.</param>
/// <param name="PeakBytes">Sum of the highest resident set of each (<c>VmHWM</c>); pages that they share count in each.</param>
/// <param name="ResidentBytes">Sum of the resident sets now (<c>VmRSS</c>).</param>
internal readonly record struct ProcessUsage(double CpuSeconds, long PeakBytes, long ResidentBytes)
{
    // USER_HZ is part of the kernel's interface to programs: 100 on every platform that .NET supports.
    private const double TicksPerSecond = 100;

    public static ProcessUsage OfSession(int session)
    {
        var usage = default(ProcessUsage);
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path["/proc/".Length])))
        {
            try
            {
                var stat = ProcStat.Parse(File.ReadAllText($"{directory}/stat"));
                if (stat.Session == session)
                {
                    var status = File.ReadAllLines($"{directory}/status");
                    usage = new(
                        usage.CpuSeconds + (stat.Ticks / TicksPerSecond),
                        usage.PeakBytes + Bytes(status, "VmHWM:"),
                        usage.ResidentBytes + Bytes(status, "VmRSS:"));
                }
            }
            catch (IOException)
            {
                // It ended between the listing and the reading.
            }
        }

        return usage;
    }

    // A process that has ended and not been waited for has no such line.
    private static long Bytes(string[] status, string name) =>
        status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024
            : 0;
}
