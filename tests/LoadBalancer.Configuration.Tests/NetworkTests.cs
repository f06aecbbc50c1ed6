using System.Net;

namespace LoadBalancer.Configuration.Tests;

public sealed class NetworkTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("192.168.1.128/25", "192.168.1.128/25")]
    [InlineData("127.0.0.1/32", "127.0.0.1/32")]
    [InlineData("127.0.0.1", "127.0.0.1/32")]
    [InlineData("::1", "::1/128")]
    [InlineData("::/0", "::/0")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("FD00:0:0::/48", "fd00::/48")]
    [InlineData("::1/128", "::1/128")]
    // Clients of a dual-stack socket count as IPv4.
    [InlineData("::ffff:10.0.0.1", "10.0.0.1/32")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("::ffff:0:0/96", "0.0.0.0/0")]
    public void An_address_or_a_network_is_read(string text, string network)
    {
        Assert.True(Network.TryParse(text, out var read));
        Assert.Equal(IPNetwork.Parse(network), read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/8")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("::/129")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/99999999999")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("10.0.0.0/255.0.0.0")]
    [InlineData(" 10.0.0.0/8")]
    [InlineData("10.0.0.0 /8")]
    [InlineData("10.0.0.0/8\n")]
    [InlineData("::1 ")]
    [InlineData("::1\0")]
    [InlineData("localhost")]
    [InlineData("example.com/8")]
    [InlineData("*")]
    // Bits beyond the prefix.
    [InlineData("10.0.0.1/8")]
    [InlineData("fd00::1/8")]
    [InlineData("0.0.0.1/0")]
    // IPv4 addresses of old.
    [InlineData("127.1")]
    [InlineData("10.0/16")]
    [InlineData("1")]
    [InlineData("0x7f000001")]
    [InlineData("0x0a000000/8")]
    [InlineData("167772160/8")]
    [InlineData("010.0.0.0/8")]
    [InlineData("010.0.0.1")]
    // A port or a scope would be dropped in silence.
    [InlineData("[::1]")]
    [InlineData("[::1]:80")]
    [InlineData("[fd00::]/8")]
    [InlineData("[fd00::]:80/8")]
    [InlineData("127.0.0.1:80")]
    [InlineData("fe80::1%1")]
    [InlineData("fe80::%1/64")]
    public void What_is_neither_is_refused(string? text)
    {
        Assert.False(Network.TryParse(text, out var network));
        Assert.Equal(default, network);
    }
}
