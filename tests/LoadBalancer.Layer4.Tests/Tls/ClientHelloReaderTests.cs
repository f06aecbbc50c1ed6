using System.Net.Security;
using System.Security.Authentication;
using LoadBalancer.Layer4.Tls;

namespace LoadBalancer.Layer4.Tests.Tls;

public sealed class ClientHelloReaderTests
{
    [Theory]
    [MemberData(nameof(RecordedHello.All), MemberType = typeof(RecordedHello))]
    public void Real_hellos_are_read_at_their_last_byte_and_not_before(string file, string? name, string[] protocols)
    {
        var hello = RecordedHello.Read(file);

        CompletesWithItsLastByte(hello, name, protocols);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Hellos_of_this_runtime_are_read(SslProtocols version)
    {
        var hello = await RecordedHello.OfSslStreamAsync("Runtime.Example", version, SslApplicationProtocol.Http2, SslApplicationProtocol.Http3);

        CompletesWithItsLastByte(hello, "runtime.example", ["h2", "h3"]);
    }

    [Theory]
    [InlineData("curl")]
    [InlineData("chromium")]
    public void What_follows_a_hello_is_not_looked_at(string file)
    {
        var hello = RecordedHello.Read(file);

        IsComplete(ClientHelloReader.Read([.. hello, 0x17, 0, 0, 0, 0]), $"{file}.example", ["h2", "http/1.1"]);
    }

    [Theory]
    [MemberData(nameof(RecordedHello.All), MemberType = typeof(RecordedHello))]
    public void A_hello_split_into_two_records_anywhere_is_the_same(string file, string? name, string[] protocols)
    {
        var message = RecordedHello.Read(file)[5..];
        for (var split = 1; split < message.Length; split++)
        {
            byte[] records = [.. Hello.Record(message.AsSpan(..split)), .. Hello.Record(message.AsSpan(split..), version: 0x0303)];

            IsComplete(ClientHelloReader.Read(records), name, protocols);
            Assert.Equal(ParseStatus.NeedMoreData, ClientHelloReader.Read(records.AsSpan(..^1)).Status);
            Assert.Equal(ParseStatus.NeedMoreData, ClientHelloReader.Read(records.AsSpan(..(5 + split))).Status);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(100)]
    public void A_hello_in_many_records_is_read_byte_by_byte(int fragmentLength) =>
        CompletesWithItsLastByte(Hello.Records(RecordedHello.Read("curl")[5..], fragmentLength), "curl.example", ["h2", "http/1.1"]);

    [Fact]
    public void A_hello_longer_than_a_record_is_read()
    {
        var message = Hello.Message((Hello.Named("big.example") with { Extensions = [(21, new byte[40_000]), (Hello.ServerNameType, Hello.ServerName("big.example"))] }).ToBody());

        IsComplete(ClientHelloReader.Read(Hello.Records(message, 1 << 14)), "big.example", []);
    }

    [Theory]
    [InlineData(0x0300)]
    [InlineData(0x0301)]
    [InlineData(0x0302)]
    [InlineData(0x0303)]
    [InlineData(0x0304)]
    public void A_records_version_is_ignored_but_for_its_first_half(ushort version) =>
        IsComplete(ClientHelloReader.Read(Hello.Record(Hello.Message(Hello.Named("a.example").ToBody()), version: version)), "a.example", []);

    [Fact]
    public void A_hello_may_end_before_its_extensions() =>
        CompletesWithItsLastByte(new Hello { Extensions = null, SessionId = [] }.ToRecord(), null, []);

    [Fact]
    public void A_hello_may_have_no_extension() => CompletesWithItsLastByte(new Hello().ToRecord(), null, []);

    [Fact]
    public void Grease_is_ignored()
    {
        var hello = new Hello
        {
            CipherSuites = [0x1A, 0x1A, 0x13, 0x01],
            Extensions =
            [
                (0x2A2A, []),
                (Hello.ApplicationProtocolsType, Hello.ApplicationProtocols("\x0A\x0A", "h2", "\xFA\xFA", "\x0A\x1A", "\x0B\x0B", "http/1.1")),
                (0x2A2A, [0]),
                (Hello.ServerNameType, Hello.ServerName("grease.example")),
                (0xFAFA, [0]),
            ],
        };

        CompletesWithItsLastByte(hello.ToRecord(), "grease.example", ["h2", "\x0A\x1A", "\x0B\x0B", "http/1.1"]);
    }

    [Fact]
    public void Nothing_but_grease_is_no_protocol() => IsComplete(ClientHelloReader.Read(Hello.Speaking("\x3A\x3A").ToRecord()), null, []);

    [Fact]
    public void Protocols_need_not_be_text()
    {
        string[] protocols = ["h2", "\0", "\xFF\x80", new string('x', 255)];

        IsComplete(ClientHelloReader.Read(Hello.Speaking(protocols).ToRecord()), null, protocols);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("MiXeD.Example", "mixed.example")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("my_service.internal", "my_service.internal")]
    [InlineData("dot.example.", "dot.example")]
    [InlineData("10.1", "10.1")]
    [InlineData("1.2.3.example", "1.2.3.example")]
    [InlineData("1.2.3.256", "1.2.3.256")]
    public void A_name_is_normalised(string sent, string name) => IsComplete(ClientHelloReader.Read(Hello.Named(sent).ToRecord()), name, []);

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("192.0.2.1.")]
    [InlineData("::1")]
    [InlineData("2001:db8::1")]
    public void An_address_is_no_name(string sent) => IsComplete(ClientHelloReader.Read(Hello.Named(sent).ToRecord()), null, []);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a..example")]
    [InlineData(".example")]
    [InlineData("example..")]
    [InlineData("b\u00FCcher.example")]
    [InlineData("nul\0.example")]
    [InlineData("space .example")]
    [InlineData("*.example")]
    [InlineData("a.example:443")]
    [InlineData("a/b")]
    [InlineData("line\n.example")]
    public void What_cannot_be_a_host_name_is_malformed(string sent) => IsMalformed(Hello.Named(sent).ToRecord(), "bad server name");

    [Fact]
    public void Names_and_labels_have_a_longest_length()
    {
        var label = new string('a', 63);
        var longest = $"{label}.{label}.{label}.{label[..61]}";

        IsComplete(ClientHelloReader.Read(Hello.Named(longest).ToRecord()), longest, []);
        IsComplete(ClientHelloReader.Read(Hello.Named($"{longest}.").ToRecord()), longest, []);
        IsMalformed(Hello.Named($"{longest}a").ToRecord(), "bad server name");
        IsMalformed(Hello.Named($"{label}a.example").ToRecord(), "bad server name");
    }

    [Fact]
    public void Names_of_other_types_are_skipped()
    {
        var names = Hello.WithLength16([.. Hello.NameOfType(7, "\0?"), .. Hello.NameOfType(0, "a.example"), .. Hello.NameOfType(7, "")]);

        IsComplete(ClientHelloReader.Read(new Hello { Extensions = [(Hello.ServerNameType, names)] }.ToRecord()), "a.example", []);
        IsComplete(ClientHelloReader.Read(new Hello { Extensions = [(Hello.ServerNameType, Hello.WithLength16(Hello.NameOfType(7, "x")))] }.ToRecord()), null, []);
    }

    [Fact]
    public void Two_host_names_are_malformed()
    {
        var names = Hello.WithLength16([.. Hello.NameOfType(0, "a.example"), .. Hello.NameOfType(0, "b.example")]);
        var addressAndName = Hello.WithLength16([.. Hello.NameOfType(0, "192.0.2.1"), .. Hello.NameOfType(0, "b.example")]);

        IsMalformed(new Hello { Extensions = [(Hello.ServerNameType, names)] }.ToRecord(), "bad server name");
        IsMalformed(new Hello { Extensions = [(Hello.ServerNameType, addressAndName)] }.ToRecord(), "bad server name");
    }

    [Theory]
    [InlineData(Hello.ServerNameType)]
    [InlineData(Hello.ApplicationProtocolsType)]
    public void An_extension_that_is_read_may_be_given_once(ushort type)
    {
        var data = type == Hello.ServerNameType ? Hello.ServerName("192.0.2.1") : Hello.ApplicationProtocols("\x0A\x0A");

        IsMalformed(new Hello { Extensions = [(type, data), (type, data)] }.ToRecord(), "extension given twice");
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000")]
    [InlineData("0003000000")]
    [InlineData("0004000001")]
    [InlineData("000400000161FF")]
    [InlineData("000400000261")]
    [InlineData("0005000001610000")]
    [InlineData("000100")]
    public void A_list_of_names_whose_lengths_disagree_is_malformed(string data) =>
        IsMalformed(new Hello { Extensions = [(Hello.ServerNameType, Convert.FromHexString(data))] }.ToRecord(), "bad server name");

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000")]
    [InlineData("000100")]
    [InlineData("0003026832FF")]
    [InlineData("0003036832")]
    [InlineData("0004026832")]
    [InlineData("000402683200")]
    public void A_list_of_protocols_whose_lengths_disagree_is_malformed(string data) =>
        IsMalformed(new Hello { Extensions = [(Hello.ApplicationProtocolsType, Convert.FromHexString(data))] }.ToRecord(), "bad application protocols");

    [Fact]
    public void Parts_out_of_their_range_are_malformed()
    {
        IsMalformed(new Hello { SessionId = new byte[33] }.ToRecord(), "bad session id");
        IsMalformed(new Hello { CipherSuites = [] }.ToRecord(), "bad cipher suites");
        IsMalformed(new Hello { CipherSuites = [1, 2, 3] }.ToRecord(), "bad cipher suites");
        IsMalformed(new Hello { CompressionMethods = [] }.ToRecord(), "bad compression methods");
    }

    [Fact]
    public void Parts_that_reach_beyond_the_hello_are_malformed()
    {
        var body = Hello.Named("a.example").ToBody();
        var start = new Hello { Extensions = null }.ToBody().Length;

        IsMalformed(Wrapped(Changed(body, 34, 255)), "bad session id");
        IsMalformed(Wrapped(Changed(body, 34 + 33, 255)), "bad cipher suites");
        IsMalformed(Wrapped(Changed(body, start - 2, 255)), "bad compression methods");
        IsMalformed(Wrapped(Changed(body, start + 1, (byte)(body[start + 1] + 1))), "bad length of extensions");
        IsMalformed(Wrapped(Changed(body, start + 1, (byte)(body[start + 1] - 1))), "bad length of extensions");
        IsMalformed(Wrapped([.. body, 0]), "bad length of extensions");
        IsMalformed(Wrapped(body[..(start + 1)]), "bad length of extensions");
        IsMalformed(Wrapped(Changed(body, start + 5, (byte)(body[start + 5] + 1))), "bad extension");
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", "not a TLS handshake")]
    [InlineData("\x15\x03\x01\x00\x02\x02\x28", "not a TLS handshake")]
    [InlineData("\x80\x2E\x01\x03\x01", "not a TLS handshake")]
    [InlineData("\x16\x02", "unknown record version")]
    [InlineData("\x16\x03\x01\x00\x00", "record length out of range")]
    [InlineData("\x16\x03\x01\x40\x01", "record length out of range")]
    [InlineData("\x16\x03\x01\x00\x04\x02", "another handshake message than a hello")]
    [InlineData("\x16\x03\x01\x02\x00\x01\x01\x00\x01", "hello length out of range")]
    [InlineData("\x16\x03\x01\x00\x04\x01\xFF\xFF\xFF", "hello length out of range")]
    [InlineData("\x16\x03\x01\x00\x04\x01\x00\x00\x28", "hello length out of range")]
    [InlineData("\x16\x03\x01\x00\x2E\x01\x00\x00\x29", "record longer than the hello")]
    public void What_cannot_become_a_hello_is_malformed_as_soon_as_it_shows(string start, string reason)
    {
        var bytes = start.Select(character => (byte)character).ToArray();

        IsMalformed(bytes, reason);
        IsMalformed([.. bytes, .. new byte[1000]], reason);
    }

    [Theory]
    [InlineData(20, 0x0301, 1, "another record within the hello")]
    [InlineData(22, 0x0201, 1, "unknown record version")]
    [InlineData(22, 0x0301, 0, "record length out of range")]
    public void A_later_record_is_checked_like_the_first(byte type, ushort version, int length, string reason)
    {
        var message = Hello.Message(Hello.Named("a.example").ToBody());

        IsMalformed([.. Hello.Record(message.AsSpan(..10)), .. Hello.Record(message.AsSpan(10, length), type, version)], reason);
    }

    [Fact]
    public void Nothing_may_share_the_hellos_last_record()
    {
        var message = Hello.Message(Hello.Named("a.example").ToBody());

        IsMalformed(Hello.Record([.. message, 1]), "record longer than the hello");
        IsMalformed([.. Hello.Record(message.AsSpan(..10)), .. Hello.Record([.. message[10..], 1])], "record longer than the hello");
    }

    private static void CompletesWithItsLastByte(byte[] hello, string? name, string[] protocols)
    {
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.Equal((length, ParseStatus.NeedMoreData), (length, ClientHelloReader.Read(hello.AsSpan(..length)).Status));
        }

        IsComplete(ClientHelloReader.Read(hello), name, protocols);
    }

    private static void IsComplete(ClientHelloResult result, string? name, string[] protocols)
    {
        Assert.Equal((ParseStatus.Complete, null), (result.Status, result.Reason));
        Assert.Equal(name, result.ServerName);
        Assert.Equal(protocols, result.ApplicationProtocols.ToArray());
    }

    private static void IsMalformed(byte[] bytes, string reason)
    {
        var result = ClientHelloReader.Read(bytes);
        Assert.Equal((ParseStatus.Malformed, reason), (result.Status, result.Reason));
    }

    private static byte[] Wrapped(byte[] body) => Hello.Record(Hello.Message(body));

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        var changed = bytes.ToArray();
        changed[at] = value;
        return changed;
    }
}
