using System.Globalization;

namespace Peers.Processes;

/// <summary>What is needed of a line of <c>/proc/PID/stat</c>, see proc(5).</summary>
/// <param name="Session">The session, which is that of the process that was started as its leader.</param>
/// <param name="Ticks">Processor time in user and kernel mode, with that of children that ended and were waited for.</param>
internal readonly record struct ProcStat(int Session, long Ticks)
{
    // Counted from the state, the first field after the name.
    private const int SessionField = 3;
    private const int FirstTimeField = 11;
    private const int TimeFields = 4;

    /// <exception cref="FormatException">It is no such line.</exception>
    public static ProcStat Parse(string line)
    {
        // The name may hold spaces and brackets; the last bracket ends it.
        var end = line.LastIndexOf(')');
        var fields = end < 0 ? [] : line[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < FirstTimeField + TimeFields)
        {
            throw new FormatException($"'{line}' is not a line of /proc/PID/stat.");
        }

        var ticks = fields.AsSpan(FirstTimeField, TimeFields).ToArray().Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
        return new(int.Parse(fields[SessionField], CultureInfo.InvariantCulture), ticks);
    }
}
