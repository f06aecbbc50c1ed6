using Peers;
using Peers.Loads;

namespace LoadBalancer.Bench.Tests;

public class WrkOutputTests
{
    [Fact]
    public void Requests_and_rate_are_read() =>
        Assert.Equal(new WrkOutput(28653, 28251.35, null), WrkOutput.Parse(Recording.Read("wrk.txt")));

    [Fact]
    public void Answers_other_than_2xx_are_a_problem() =>
        Assert.Equal("Non-2xx or 3xx responses: 44352", WrkOutput.Parse(Recording.Read("wrk-not-found.txt")).Problem);

    [Fact]
    public void Socket_errors_are_a_problem()
    {
        var problem = WrkOutput.Parse(Recording.Read("wrk-socket-errors.txt")).Problem;

        Assert.StartsWith("Socket errors: connect 0, read ", problem);
        Assert.EndsWith("no request was answered", problem);
    }

    [Fact]
    public void A_line_that_is_not_known_is_named()
    {
        var exception = Assert.Throws<BenchException>(() => WrkOutput.Parse(Recording.Read("wrk.txt") + "Something new: 5\n"));

        Assert.Equal("wrk wrote a line that is not known: 'Something new: 5'", exception.Message);
    }

    [Fact]
    public void A_missing_rate_is_named()
    {
        var text = Recording.Read("wrk.txt").Replace("Requests/sec:  28251.35\n", "");

        Assert.Equal("wrk did not write the line 'Requests/sec: N'", Assert.Throws<BenchException>(() => WrkOutput.Parse(text)).Message);
    }
}
