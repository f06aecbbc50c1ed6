using Peers;
using Peers.Loads;

namespace LoadBalancer.Bench.Tests;

public class IperfOutputTests
{
    [Fact]
    public void Streams_are_read_as_what_the_receiver_got()
    {
        var result = IperfOutput.ParseStreams(Recording.Read("iperf3-tcp.json"));

        Assert.Equal(2491482059L / 1048576.0, result.Work, 6);
        Assert.Equal(2491482059L / 1048576.0 / 1.003279, result.Values[0]!.Value, 6);
    }

    [Fact]
    public void Datagrams_are_counted_where_they_arrive()
    {
        var result = IperfOutput.ParseDatagrams(Recording.Read("iperf3-udp.json"));

        Assert.Equal(59773000 / 1400.0, result.Work);
        Assert.Equal(59773000 / 1400.0 / 1.01505, result.Values[0]!.Value, 6);
    }

    [Fact]
    public void Its_own_error_is_told() => Assert.Equal(
        "iperf3 failed: unable to connect to server: Connection refused",
        Assert.Throws<BenchException>(() => IperfOutput.ParseStreams(Recording.Read("iperf3-refused.json"))).Message);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "end": { "sum_received": { "bytes": 0, "seconds": 1 } } }""")]
    [InlineData("unexpected")]
    public void Another_form_is_not_guessed_at(string json) =>
        Assert.StartsWith("iperf3 wrote a form that is not known: ", Assert.Throws<BenchException>(() => IperfOutput.ParseStreams(json)).Message);
}
