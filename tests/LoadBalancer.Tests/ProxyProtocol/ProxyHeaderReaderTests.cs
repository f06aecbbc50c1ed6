using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.ProxyProtocol;

namespace LoadBalancer.Tests.ProxyProtocol;

public sealed class ProxyHeaderReaderTests
{
    [Theory]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535")]
    [InlineData("PROXY TCP4 0.0.0.0 10.0.0.1 0 1\r\n", "0.0.0.0:0", "10.0.0.1:1")]
    [InlineData("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [InlineData("PROXY TCP6 2001:DB8::1 ::1 1024 443\r\n", "[2001:db8::1]:1024", "[::1]:443")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c000:202 1024 443\r\n", "[::ffff:192.0.2.1]:1024", "[::ffff:192.0.2.2]:443")]
    [InlineData(Headers.LineOfHAProxy, "127.0.0.1:46720", "127.0.0.1:18443")]
    public void A_line_is_read(string line, string source, string destination)
    {
        var header = CompletesWithItsLastByte(Headers.Text(line));

        Assert.Equal((ProxyProtocolVersion.V1, ProxyCommand.Proxy, ProxyTransport.Stream), (header.Version, header.Command, header.Transport));
        Assert.Equal((IPEndPoint.Parse(source), IPEndPoint.Parse(destination)), (header.Source, header.Destination));
        Assert.True(header.UniqueId.IsEmpty);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("PROXY UNKNOWN \r\n")]
    [InlineData("PROXY UNKNOWN whatever it \xFF says\r\n")]
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n")]
    public void An_unknown_client_is_no_address(string line)
    {
        var header = CompletesWithItsLastByte(Headers.Text(line));

        Assert.Equal((ProxyProtocolVersion.V1, ProxyCommand.Proxy, ProxyTransport.Unspecified), (header.Version, header.Command, header.Transport));
        Assert.Equal((null, null), (header.Source, header.Destination));
    }

    [Theory]
    [InlineData("PROXY TCP4  192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1  192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443 \r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 \r\n")]
    [InlineData("PROXY TCP4 192.0.2.1\r\n")]
    [InlineData("PROXY TCP4 \r\n")]
    [InlineData("PROXY TCP4\r\n")]
    [InlineData("PROXY \r\n")]
    [InlineData("PROXY\t")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 01024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 00 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 +1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 a 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024\0 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.01 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.256 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.513 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 3221225985 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP6 2001:db8::1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP6 2001:db8::1%1 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY TCP6 [2001:db8::1] 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY TCP6 2001:db8::1/64 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY TCP6 2001::db8::1 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY TCP6 1:2:3:4:5:6:7 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY TCP6 12345::1 2001:db8::2 1024 443\r\n")]
    [InlineData("PROXY UNKNOWNS\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY tcp4 192.0.2.1 192.0.2.2 1024 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\r\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1024 443\rX")]
    [InlineData("PROXY UNKNOWN\n")]
    [InlineData("PROXY UNKNOWN \n \r\n")]
    public void A_line_that_breaks_the_syntax_is_malformed(string line)
    {
        IsMalformed(Headers.Text(line));
        IsMalformed(Headers.Text(line + "GET / HTTP/1.1\r\n\r\n"));
    }

    [Fact]
    public void A_line_has_at_most_107_bytes()
    {
        const string Start = "PROXY UNKNOWN ";
        var longest = Start + new string('x', 107 - Start.Length - 2);

        CompletesWithItsLastByte(Headers.Text(longest + "\r\n"));
        IsMalformed(Headers.Text(longest + "x\r\n"));
        IsMalformed(Headers.Text(longest + "xx"));
        IsMalformed(Headers.Text(longest + "x\r"));
        IsMalformed(Headers.Text($"PROXY TCP4 {new string('1', 96)}"));
        Assert.Equal(ParseStatus.NeedMoreData, ProxyHeaderReader.Read(Headers.Text(longest + "x")).Status);
    }

    [Theory]
    [InlineData("G")]
    [InlineData("PROXX")]
    [InlineData("PROXY X")]
    [InlineData("PROXY TCP5")]
    [InlineData("PROXY TCP4 h")]
    [InlineData("PROXY TCP4 192.0.2.1,")]
    [InlineData("PROXY UNKNOWX")]
    [InlineData("\r\n\r\n\0\r\nQUIP")]
    [InlineData("\r\nG")]
    [InlineData("\x16")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x11")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x31")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x22")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x41")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x13")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0B")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x23")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x31\x00\xD7")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\x0F\xF1")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x20\x00\x0F\xF1")]
    public void What_cannot_become_a_header_is_malformed_as_soon_as_it_shows(string start)
    {
        Assert.Equal(ParseStatus.NeedMoreData, ProxyHeaderReader.Read(Headers.Text(start[..^1])).Status);
        IsMalformed(Headers.Text(start));
        IsMalformed([.. Headers.Text(start), .. new byte[5000]]);
    }

    [Theory]
    [InlineData(0x11, ProxyTransport.Stream)]
    [InlineData(0x12, ProxyTransport.Datagram)]
    public void IPv4_is_read(byte familyAndTransport, object transport)
    {
        var header = CompletesWithItsLastByte(Headers.V2(0x21, familyAndTransport, Headers.IPv4Addresses));

        Assert.Equal((ProxyProtocolVersion.V2, ProxyCommand.Proxy, (ProxyTransport)transport), (header.Version, header.Command, header.Transport));
        Assert.Equal((IPEndPoint.Parse("192.0.2.1:1024"), IPEndPoint.Parse("192.0.2.2:443")), (header.Source, header.Destination));
    }

    [Theory]
    [InlineData(0x21, ProxyTransport.Stream)]
    [InlineData(0x22, ProxyTransport.Datagram)]
    public void IPv6_is_read(byte familyAndTransport, object transport)
    {
        var header = CompletesWithItsLastByte(Headers.V2(0x21, familyAndTransport, Headers.IPv6Addresses));

        Assert.Equal((ProxyProtocolVersion.V2, ProxyCommand.Proxy, (ProxyTransport)transport), (header.Version, header.Command, header.Transport));
        Assert.Equal((IPEndPoint.Parse("[2001:db8::1]:1024"), IPEndPoint.Parse("[2001:db8::2]:443")), (header.Source, header.Destination));
    }

    // Whatever the block holds: it must be skipped, even what would be malformed for a client's connection.
    [Theory]
    [InlineData(0x00, "")]
    [InlineData(0x11, "")]
    [InlineData(0xFF, "00")]
    [InlineData(0x11, Headers.IPv4Addresses + "050002")]
    [InlineData(0x00, "0300040000000005000141")]
    public void A_local_connection_has_nothing_but_a_length(byte familyAndTransport, string rest)
    {
        var header = CompletesWithItsLastByte(Headers.V2(0x20, familyAndTransport, rest));

        Assert.Equal((ProxyCommand.Local, ProxyTransport.Unspecified), (header.Command, header.Transport));
        Assert.Equal((null, null, true), (header.Source, header.Destination, header.UniqueId.IsEmpty));
    }

    [Theory]
    [InlineData(0x00, "", ProxyTransport.Unspecified)]
    [InlineData(0x00, "FFFFFF", ProxyTransport.Unspecified)]
    [InlineData(0x01, "FFFFFF", ProxyTransport.Stream)]
    [InlineData(0x10, Headers.IPv4Addresses, ProxyTransport.Unspecified)]
    [InlineData(0x20, Headers.IPv6Addresses, ProxyTransport.Unspecified)]
    public void A_family_or_transport_that_is_not_said_is_no_address(byte familyAndTransport, string rest, object transport)
    {
        var header = CompletesWithItsLastByte(Headers.V2(0x21, familyAndTransport, rest));

        Assert.Equal((ProxyCommand.Proxy, (ProxyTransport)transport), (header.Command, header.Transport));
        Assert.Equal((null, null), (header.Source, header.Destination));
    }

    [Theory]
    [InlineData(0x31, ProxyTransport.Stream)]
    [InlineData(0x32, ProxyTransport.Datagram)]
    public void Unix_sockets_are_no_address(byte familyAndTransport, object transport)
    {
        var addresses = new string('F', 2 * 216);
        var header = CompletesWithItsLastByte(Headers.V2(0x21, familyAndTransport, addresses + Headers.Vector(0x05, "4142")));

        Assert.Equal((ProxyTransport)transport, header.Transport);
        Assert.Equal((null, null), (header.Source, header.Destination));
        Assert.Equal("AB"u8, header.UniqueId.Span);
    }

    [Fact]
    public void Vectors_that_nobody_knows_are_skipped()
    {
        var vectors = Headers.Vector(0x04, "") + Headers.Vector(0x01, "6832") + Headers.Vector(0x05, "616263") + Headers.Vector(0xEE, new string('0', 600)) + Headers.Vector(0x04, "00");
        var header = CompletesWithItsLastByte(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + vectors));

        Assert.Equal("abc"u8, header.UniqueId.Span);
    }

    [Theory]
    [InlineData("05")]
    [InlineData("0500")]
    [InlineData("050001")]
    [InlineData("EE000200")]
    [InlineData("040000FF")]
    public void A_vector_longer_than_the_header_is_malformed(string vectors) =>
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + vectors), "vector longer than the header");

    [Fact]
    public void A_unique_id_has_at_most_128_bytes_and_comes_once()
    {
        var longest = new string('A', 2 * 128);

        Assert.Equal(128, CompletesWithItsLastByte(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x05, longest))).UniqueId.Length);
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x05, longest + "00")), "unique id too long");
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x05, "41") + Headers.Vector(0x05, "41")), "vector given twice");
    }

    [Fact]
    public void Headers_of_HAProxy_are_read_and_their_checksums_are_right()
    {
        var withId = CompletesWithItsLastByte(Headers.Hex(Headers.OfHAProxyWithUniqueId));
        var overIPv6 = CompletesWithItsLastByte(Headers.Hex(Headers.OfHAProxyOverIPv6));

        Assert.Equal((IPEndPoint.Parse("127.0.0.1:46696"), IPEndPoint.Parse("127.0.0.1:18441")), (withId.Source, withId.Destination));
        Assert.Equal("127.0.0.1-fixed-id"u8, withId.UniqueId.Span);
        Assert.Equal((IPEndPoint.Parse("[::1]:44432"), IPEndPoint.Parse("[::1]:18442")), (overIPv6.Source, overIPv6.Destination));
    }

    [Fact]
    public void A_bit_that_flips_anywhere_behind_the_length_is_noticed_by_the_checksum()
    {
        var header = Headers.Hex(Headers.OfHAProxyOverIPv6);
        for (var bit = 8 * 16; bit < 8 * (16 + 36); bit++)
        {
            var flipped = header.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));

            IsMalformed(flipped, "wrong checksum");
        }

        for (var bit = 8 * (header.Length - 4); bit < 8 * header.Length; bit++)
        {
            var flipped = header.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));

            IsMalformed(flipped, "wrong checksum");
        }
    }

    [Fact]
    public void A_checksum_has_four_bytes_and_covers_the_vectors_behind_it()
    {
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x03, "000000")), "bad length of the checksum");
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x03, "0000000000")), "bad length of the checksum");
        IsMalformed(Headers.V2(0x21, 0x21, Headers.OfHAProxyOverIPv6[32..] + Headers.Vector(0x04, "")), "wrong checksum");
    }

    [Fact]
    public void A_header_has_at_most_4096_bytes()
    {
        const int Rest = 4096 - 16 - 12 - 3;

        CompletesWithItsLastByte(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x04, new string('0', 2 * Rest))));
        IsMalformed(Headers.V2(0x21, 0x11, Headers.IPv4Addresses + Headers.Vector(0x04, new string('0', 2 * (Rest + 1)))), "header too long");
    }

    private static ProxyHeader CompletesWithItsLastByte(byte[] header)
    {
        for (var length = 0; length < header.Length; length++)
        {
            Assert.Equal((length, ParseStatus.NeedMoreData), (length, ProxyHeaderReader.Read(header.AsSpan(..length)).Status));
        }

        Assert.Equal(header.Length, ProxyHeaderReader.Read(header).Consumed);
        var result = ProxyHeaderReader.Read([.. header, .. "\r\nPROXY"u8]);
        Assert.Equal((ParseStatus.Complete, header.Length, null), (result.Status, result.Consumed, result.Reason));
        return result.Header!;
    }

    private static void IsMalformed(byte[] bytes, string? reason = null)
    {
        var result = ProxyHeaderReader.Read(bytes);
        Assert.Equal((ParseStatus.Malformed, 0, null), (result.Status, result.Consumed, result.Header));
        Assert.NotNull(result.Reason);
        Assert.Equal(reason ?? result.Reason, result.Reason);
    }
}
