using System.Net;
using LoadBalancer.Selection;

namespace LoadBalancer.Tests.Selection;

public sealed class ClientHashTests
{
    [Fact]
    public void No_address_hashes_to_nothing() => Assert.Equal(0UL, ClientHash.Of((IPAddress?)null));

    [Fact]
    public void A_mapped_address_hashes_like_the_address_it_maps() =>
        Assert.Equal(ClientHash.Of(IPAddress.Parse("192.168.1.7")), ClientHash.Of(IPAddress.Parse("::ffff:192.168.1.7")));

    [Fact]
    public void Different_addresses_hash_differently()
    {
        var hashes = Enumerable.Range(0, 65_536).Select(i => ClientHash.Of(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]))).ToHashSet();
        Assert.Equal(65_536, hashes.Count);
    }

    [Fact]
    public void Every_part_of_a_long_address_counts() =>
        Assert.NotEqual(ClientHash.Of(IPAddress.Parse("2001:db8::1")), ClientHash.Of(IPAddress.Parse("2001:db9::1")));

    [Theory]
    [InlineData("192.168.1.7", "192.168.1.200", 24, true)]
    [InlineData("192.168.1.7", "192.168.2.7", 24, false)]
    [InlineData("192.168.1.7", "192.168.1.6", 31, true)]
    [InlineData("192.168.1.7", "192.168.1.5", 31, false)]
    [InlineData("10.1.2.3", "10.200.2.3", 8, true)]
    [InlineData("10.1.2.3", "11.1.2.3", 8, false)]
    [InlineData("::ffff:192.168.1.7", "192.168.1.200", 24, true)]
    [InlineData("192.168.1.7", "192.168.1.8", 32, false)]
    public void Only_the_leading_bits_of_a_short_address_count(string one, string other, int bits, bool isSame) =>
        Assert.Equal(isSame, ClientHash.Of(IPAddress.Parse(one), bits) == ClientHash.Of(IPAddress.Parse(other), bits));

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 64, true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 64, false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 63, true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::2", 128, false)]
    public void Only_the_leading_bits_of_a_long_address_count(string one, string other, int bits, bool isSame) =>
        Assert.Equal(isSame, ClientHash.Of(IPAddress.Parse(one), ipv6Bits: bits) == ClientHash.Of(IPAddress.Parse(other), ipv6Bits: bits));

    [Fact]
    public void The_port_counts_only_where_it_is_asked_for()
    {
        var address = IPAddress.Parse("192.168.1.7");

        Assert.Equal(ClientHash.Of(new IPEndPoint(address, 1)), ClientHash.Of(new IPEndPoint(address, 1)));
        Assert.NotEqual(ClientHash.Of(new IPEndPoint(address, 1)), ClientHash.Of(new IPEndPoint(address, 2)));
        Assert.NotEqual(ClientHash.Of(new IPEndPoint(address, 1)), ClientHash.Of(new IPEndPoint(IPAddress.Loopback, 1)));
    }

    [Fact]
    public void A_text_hashes_by_all_its_characters()
    {
        Assert.Equal(ClientHash.Of("shop.example.com"), ClientHash.Of("shop.example.com".AsSpan()));
        Assert.NotEqual(ClientHash.Of("shop.example.com"), ClientHash.Of("shop.example.org"));
    }

    [Fact]
    public void Hashing_allocates_nothing()
    {
        var address = IPAddress.Parse("2001:db8::1");
        ClientHash.Of(address);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            ClientHash.Of(address);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
