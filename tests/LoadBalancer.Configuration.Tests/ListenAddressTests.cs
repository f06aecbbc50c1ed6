using System.Net;

namespace LoadBalancer.Configuration.Tests;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:80", "127.0.0.1", 80, "127.0.0.1:80", true)]
    [InlineData("0.0.0.0:0", "0.0.0.0", 0, "0.0.0.0:0", false)]
    [InlineData("10.1.2.3:65535", "10.1.2.3", 65535, "10.1.2.3:65535", false)]
    [InlineData("[::1]:443", "::1", 443, "[::1]:443", true)]
    [InlineData("[0:0:0:0:0:0:0:1]:443", "::1", 443, "[::1]:443", true)]
    [InlineData("[FE80::A]:1", "fe80::a", 1, "[fe80::a]:1", false)]
    [InlineData("[::]:8080", "::", 8080, "[::]:8080", false)]
    [InlineData("LocalHost:8080", "localhost", 8080, "localhost:8080", true)]
    [InlineData("*:8080", "*", 8080, "*:8080", false)]
    public void An_address_is_read_in_its_one_form(string text, string host, int port, string authority, bool loopback)
    {
        Assert.True(ListenAddress.TryParse(text, out var address));
        Assert.Equal(new ListenAddress(host, port), address);
        Assert.Equal(authority, address.Authority);
        Assert.Equal(authority, address.ToString());
        Assert.Equal(loopback, address.IsLoopback);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("8080")]
    [InlineData(":8080")]
    [InlineData("localhost")]
    [InlineData("localhost:")]
    [InlineData("localhost:http")]
    [InlineData("localhost:-1")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:99999999999")]
    [InlineData("localhost: 80")]
    [InlineData("example.com:80")]
    [InlineData("http://localhost:80")]
    [InlineData("::1:80")]
    [InlineData("[::1]")]
    [InlineData("[::1:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("1.2.3:80")]
    [InlineData("127.1:80")]
    [InlineData("1:80")]
    [InlineData("0x7f000001:80")]
    [InlineData("256.0.0.1:80")]
    [InlineData("**:80")]
    [InlineData(" 127.0.0.1:80")]
    public void What_is_not_an_address_is_refused(string? text)
    {
        Assert.False(ListenAddress.TryParse(text, out var address));
        Assert.Equal(default, address);
    }

    [Fact]
    public void Localhost_is_both_loopbacks() =>
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 80), new IPEndPoint(IPAddress.IPv6Loopback, 80)], Parse("localhost:80").ToEndPoints());

    [Fact]
    public void A_star_is_the_dual_stack_wildcard() => Assert.Equal([new IPEndPoint(IPAddress.IPv6Any, 80)], Parse("*:80").ToEndPoints());

    [Fact]
    public void An_address_of_one_family_is_itself()
    {
        Assert.Equal([new IPEndPoint(IPAddress.Any, 80)], Parse("0.0.0.0:80").ToEndPoints());
        Assert.Equal([new IPEndPoint(IPAddress.IPv6Loopback, 80)], Parse("[::1]:80").ToEndPoints());
    }

    private static ListenAddress Parse(string text) => ListenAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
