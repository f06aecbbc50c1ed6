using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.ProxyProtocol;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.ProxyProtocol;

public sealed class ProxyHeaderFuzzTests
{
    [Fact]
    public void Any_input_gets_one_answer_that_depends_on_nothing_beyond_it()
    {
        const int Cases = 600_000;
        var fuzzer = new Fuzzer(
            Headers.Text(Headers.LineOfHAProxy + "GET /"),
            Headers.Text("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1024 443\r\n"),
            Headers.Text("PROXY UNKNOWN 1 2 3\r\nPROXY"),
            Headers.V2(0x21, 0x11, Headers.IPv4Addresses),
            [.. Headers.V2(0x21, 0x22, Headers.IPv6Addresses + Headers.Vector(0x04, "000000") + Headers.Vector(0x05, "414243") + Headers.Vector(0xEE, "00")), 1, 2, 3],
            Headers.V2(0x20, 0x00, "00"),
            Headers.V2(0x21, 0x31, new string('0', 2 * 216)),
            Headers.Hex(Headers.OfHAProxyWithUniqueId),
            Headers.Hex(Headers.OfHAProxyOverIPv6));
        var buffer = new byte[ProxyHeaderWriter.MaxLength];
        var answers = new int[3];
        for (var i = 0; i < Cases; i++)
        {
            fuzzer.Next();
            fuzzer.SetBeyond((byte)'\n');
            var result = ProxyHeaderReader.Read(fuzzer.Input);
            fuzzer.SetBeyond((byte)'0');
            fuzzer.Check(AreSame(result, ProxyHeaderReader.Read(fuzzer.Input)), "Bytes beyond the input change the answer");
            fuzzer.Check(IsSound(result, fuzzer.Input.Length), "The answer contradicts itself");

            var earlier = ProxyHeaderReader.Read(fuzzer.Prefix());
            fuzzer.Check(
                earlier.Status == ParseStatus.NeedMoreData || (earlier.Status == ParseStatus.Malformed && result.Status == ParseStatus.Malformed) || AreSame(earlier, result),
                "More bytes change the answer");
            if (result.Header is { } header)
            {
                fuzzer.Check(AreSame(result, ProxyHeaderReader.Read(fuzzer.Input[..result.Consumed])), "Bytes behind the header change the answer");
                fuzzer.Check(ProxyHeaderReader.Read(fuzzer.Input[..(result.Consumed - 1)]).Status == ParseStatus.NeedMoreData, "The header is complete without its last byte");

                var length = ProxyHeaderWriter.Write(buffer, header.Version, header.Source, header.Destination, header.UniqueId.Span);
                fuzzer.Check(SaysTheSame(header, ProxyHeaderReader.Read(buffer.AsSpan(..length))), "What is read and written is read as something else");
            }

            answers[(int)result.Status]++;
        }

        Assert.All(answers, count => Assert.True(count > Cases / 50, $"One-sided inputs: {string.Join(", ", answers)}"));
    }

    private static bool IsSound(ProxyHeaderResult result, int length) => result.Status switch
    {
        ParseStatus.Complete => result.Reason is null && result.Consumed > 0 && result.Consumed <= length && result.Header is { } header
            && (header.Source is null) == (header.Destination is null)
            && header.UniqueId.Length <= 128
            && (header.Command == ProxyCommand.Proxy || (header.Source is null && header.UniqueId.IsEmpty)),
        ParseStatus.Malformed => result.Reason is not null && result.Consumed == 0 && result.Header is null,
        _ => result.Reason is null && result.Consumed == 0 && result.Header is null,
    };

    private static bool AreSame(ProxyHeaderResult one, ProxyHeaderResult other) =>
        (one.Status, one.Consumed, one.Reason) == (other.Status, other.Consumed, other.Reason)
        && WithoutId(one.Header) == WithoutId(other.Header)
        && (one.Header?.UniqueId ?? default).Span.SequenceEqual((other.Header?.UniqueId ?? default).Span);

    private static ProxyHeader? WithoutId(ProxyHeader? header) => header is null ? null : header with { UniqueId = default };

    private static bool SaysTheSame(ProxyHeader header, ProxyHeaderResult written) =>
        written.Header is { } other
        && Unmapped(header.Source)?.ToString() == Unmapped(other.Source)?.ToString()
        && Unmapped(header.Destination)?.ToString() == Unmapped(other.Destination)?.ToString()
        && (header.Source is null || header.Version == ProxyProtocolVersion.V1 || header.UniqueId.Span.SequenceEqual(other.UniqueId.Span));

    private static IPEndPoint? Unmapped(IPEndPoint? end) =>
        end is { Address.IsIPv4MappedToIPv6: true } ? new(end.Address.MapToIPv4(), end.Port) : end;
}
