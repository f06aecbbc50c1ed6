using System.Net;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.ProxyProtocol;

namespace LoadBalancer.Tests.ProxyProtocol;

public sealed class ProxyHeaderWriterTests
{
    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("255.255.255.255:65535", "0.0.0.0:0", "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n")]
    [InlineData("[2001:db8::1]:1024", "[::1]:443", "PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:0:0:1 1024 443\r\n")]
    [InlineData("[fe80::1%3]:1024", "[fe80::2]:443", "PROXY TCP6 fe80:0:0:0:0:0:0:1 fe80:0:0:0:0:0:0:2 1024 443\r\n")]
    [InlineData("[::ffff:192.0.2.1]:1024", "[::ffff:192.0.2.2]:443", "PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("[::ffff:192.0.2.1]:1024", "192.0.2.2:443", "PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("192.0.2.1:1024", "[2001:db8::2]:443", "PROXY TCP6 0:0:0:0:0:ffff:c000:201 2001:db8:0:0:0:0:0:2 1024 443\r\n")]
    [InlineData("[2001:db8::2]:1024", "192.0.2.1:443", "PROXY TCP6 2001:db8:0:0:0:0:0:2 0:0:0:0:0:ffff:c000:201 1024 443\r\n")]
    public void A_line_is_written(string source, string destination, string line) =>
        Assert.Equal(line, Encoding.ASCII.GetString(Write(ProxyProtocolVersion.V1, IPEndPoint.Parse(source), IPEndPoint.Parse(destination), "id"u8)));

    [Theory]
    [InlineData("192.0.2.1:1024", "192.0.2.2:443", "2111000C" + Headers.IPv4Addresses)]
    [InlineData("[2001:db8::1]:1024", "[2001:db8::2]:443", "21210024" + Headers.IPv6Addresses)]
    [InlineData("[::ffff:192.0.2.1]:1024", "[::ffff:192.0.2.2]:443", "2111000C" + Headers.IPv4Addresses)]
    [InlineData("192.0.2.1:1024", "[2001:db8::2]:443", "21210024" + "00000000000000000000FFFFC0000201" + "20010DB8000000000000000000000002" + "040001BB")]
    public void A_binary_header_is_written(string source, string destination, string rest) =>
        Assert.Equal(Headers.Signature + rest, Convert.ToHexString(Write(ProxyProtocolVersion.V2, IPEndPoint.Parse(source), IPEndPoint.Parse(destination))));

    [Fact]
    public void A_unique_id_is_written_behind_the_addresses() =>
        Assert.Equal(
            Headers.Signature + "21110011" + Headers.IPv4Addresses + "0500026964",
            Convert.ToHexString(Write(ProxyProtocolVersion.V2, IPEndPoint.Parse("192.0.2.1:1024"), IPEndPoint.Parse("192.0.2.2:443"), "id"u8)));

    [Theory]
    [InlineData(null, "192.0.2.2:443")]
    [InlineData("192.0.2.1:1024", null)]
    [InlineData(null, null)]
    public void An_unknown_end_makes_the_client_unknown(string? source, string? destination)
    {
        var sourceEnd = source is null ? null : IPEndPoint.Parse(source);
        var destinationEnd = destination is null ? null : IPEndPoint.Parse(destination);

        Assert.Equal("PROXY UNKNOWN\r\n", Encoding.ASCII.GetString(Write(ProxyProtocolVersion.V1, sourceEnd, destinationEnd, "id"u8)));
        Assert.Equal(Headers.Signature + "20000000", Convert.ToHexString(Write(ProxyProtocolVersion.V2, sourceEnd, destinationEnd, "id"u8)));
    }

    [Theory]
    [InlineData("192.0.2.1:1024", "192.0.2.2:443")]
    [InlineData("0.0.0.0:0", "255.255.255.255:65535")]
    [InlineData("[2001:db8::1]:1024", "[::]:0")]
    [InlineData("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [InlineData("[::ffff:192.0.2.1]:1024", "[2001:db8::2]:443")]
    public void What_is_written_is_read_again(string source, string destination)
    {
        var (from, to) = (IPEndPoint.Parse(source), IPEndPoint.Parse(destination));
        foreach (var version in new[] { ProxyProtocolVersion.V1, ProxyProtocolVersion.V2 })
        {
            foreach (var idLength in new[] { 0, 1, 128 })
            {
                var id = Enumerable.Range(0, idLength).Select(i => (byte)i).ToArray();
                var bytes = Write(version, from, to, id);
                var result = ProxyHeaderReader.Read(bytes);

                Assert.Equal((ParseStatus.Complete, bytes.Length), (result.Status, result.Consumed));
                Assert.Equal((version, from, to), (result.Header!.Version, result.Header.Source, result.Header.Destination));
                Assert.Equal(version == ProxyProtocolVersion.V1 ? [] : id, result.Header.UniqueId.ToArray());
            }
        }
    }

    [Fact]
    public void The_longest_header_has_the_longest_length()
    {
        var client = IPEndPoint.Parse("[2001:db8::1]:1024");

        Assert.Equal(ProxyHeaderWriter.MaxLength, Write(ProxyProtocolVersion.V2, client, client, new byte[128]).Length);
    }

    [Fact]
    public void A_short_buffer_a_long_id_and_no_version_are_refused()
    {
        var client = new IPEndPoint(IPAddress.Loopback, 1024);

        Assert.Throws<ArgumentOutOfRangeException>("version", () => Write(ProxyProtocolVersion.None, client, client));
        Assert.Throws<ArgumentOutOfRangeException>("version", () => Write(ProxyProtocolVersion.None, null, null));
        Assert.Throws<ArgumentOutOfRangeException>("buffer", () => ProxyHeaderWriter.Write(new byte[ProxyHeaderWriter.MaxLength - 1], ProxyProtocolVersion.V1, client, client));
        Assert.Throws<ArgumentOutOfRangeException>("uniqueId", () => Write(ProxyProtocolVersion.V2, client, client, new byte[129]));
    }

    [Theory]
    [InlineData(ProxyProtocolVersion.V1)]
    [InlineData(ProxyProtocolVersion.V2)]
    public void Writing_allocates_nothing(object version)
    {
        var buffer = new byte[ProxyHeaderWriter.MaxLength];
        var (source, destination) = (IPEndPoint.Parse("[2001:db8::1]:1024"), IPEndPoint.Parse("192.0.2.2:443"));
        var protocolVersion = (ProxyProtocolVersion)version;
        ProxyHeaderWriter.Write(buffer, protocolVersion, source, destination, "id"u8);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            ProxyHeaderWriter.Write(buffer, protocolVersion, source, destination, "id"u8);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Write(ProxyProtocolVersion version, IPEndPoint? source, IPEndPoint? destination, ReadOnlySpan<byte> uniqueId = default)
    {
        var buffer = new byte[ProxyHeaderWriter.MaxLength];
        return buffer[..ProxyHeaderWriter.Write(buffer, version, source, destination, uniqueId)];
    }
}
