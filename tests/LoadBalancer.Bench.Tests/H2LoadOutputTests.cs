using Peers;
using Peers.Loads;

namespace LoadBalancer.Bench.Tests;

public class H2LoadOutputTests
{
    [Fact]
    public void Requests_and_rate_are_read() =>
        Assert.Equal(new H2LoadOutput(53705, 53705, null), H2LoadOutput.Parse(Recording.Read("h2load.txt")));

    [Fact]
    public void Failed_requests_are_a_problem()
    {
        var problem = H2LoadOutput.Parse(Recording.Read("h2load-not-found.txt")).Problem;

        Assert.Contains("79939 failed", problem);
        Assert.Contains("79939 4xx", problem);
    }

    [Fact]
    public void A_status_that_came_before_the_end_of_its_answer_is_no_problem()
    {
        var text = Recording.Read("h2load.txt").Replace("status codes: 53705 2xx", "status codes: 53706 2xx");

        Assert.Null(H2LoadOutput.Parse(text).Problem);
    }

    [Fact]
    public void No_answer_at_all_is_a_problem()
    {
        var text = Recording.Read("h2load.txt").Replace("53705 done, 53705 succeeded", "0 done, 0 succeeded");

        Assert.Equal("no request was answered", H2LoadOutput.Parse(text).Problem);
    }

    [Fact]
    public void A_line_that_is_not_known_is_named()
    {
        var exception = Assert.Throws<BenchException>(() => H2LoadOutput.Parse(Recording.Read("h2load.txt") + "Application protocol: h3\n"));

        Assert.Equal("h2load wrote a line that is not known: 'Application protocol: h3'", exception.Message);
    }
}
