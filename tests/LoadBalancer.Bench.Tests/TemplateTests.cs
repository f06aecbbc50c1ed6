using Peers;
using Peers.Contenders;

namespace LoadBalancer.Bench.Tests;

public class TemplateTests
{
    private static readonly TemplateValues Values = new(
        new Dictionary<string, string> { ["port"] = "8080", ["protocol"] = "ssl crt {{directory}}/a.pem", ["directory"] = "/tmp" },
        new Dictionary<string, IReadOnlyList<string>> { ["backend"] = ["127.0.0.1:1", "127.0.0.1:2"], ["route"] = [""] });

    [Fact]
    public void Values_are_filled_in_and_may_hold_others() =>
        Assert.Equal("bind :8080 ssl crt /tmp/a.pem\n", Template.Fill("bind :{{port}} {{protocol}}\n", Values));

    [Fact]
    public void A_line_with_a_list_is_written_for_each_item() => Assert.Equal(
        "pool\n  server b0 127.0.0.1:1\n  server b1 127.0.0.1:2\nend\n",
        Template.Fill("pool\n  server b{{number}} {{backend}}\nend\n", Values));

    [Fact]
    public void The_empty_route_is_every_path() =>
        Assert.Equal("\"Path\": \"/{**rest}\"\n", Template.Fill("\"Path\": \"{{route}}/{**rest}\"", Values));

    [Fact]
    public void A_placeholder_without_a_value_is_named() => Assert.Equal(
        "A configuration template asks for {{prot}}; known are port, protocol, directory.",
        Assert.Throws<BenchException>(() => Template.Fill("{{prot}}", Values)).Message);
}
