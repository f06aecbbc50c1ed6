using Peers.Processes;

namespace LoadBalancer.Bench.Tests;

public class ProcStatTests
{
    [Fact]
    public void Session_and_processor_time_are_read_behind_a_name_with_spaces_and_brackets() => Assert.Equal(
        new ProcStat(Session: 4711, Ticks: 12 + 34 + 5 + 6),
        ProcStat.Parse("4712 (nginx: (w) x) S 4711 4713 4711 0 -1 4194560 1263 0 0 0 12 34 5 6 20 0 1 0 359 56000 1200 18446744073709551615 1 1 0"));

    [Fact]
    public void Another_line_is_not_guessed_at() => Assert.Throws<FormatException>(() => ProcStat.Parse("4712 (nginx) S 1"));

    [Fact]
    public void Its_own_process_is_found() => Assert.True(ProcStat.Parse(File.ReadAllText("/proc/self/stat")).Ticks > 0);
}
