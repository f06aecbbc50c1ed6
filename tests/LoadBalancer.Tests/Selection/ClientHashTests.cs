using System.Net;
using LoadBalancer.Selection;

namespace LoadBalancer.Tests.Selection;

public sealed class ClientHashTests
{
    [Fact]
    public void No_address_hashes_to_nothing() => Assert.Equal(0UL, ClientHash.Of(null));

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
