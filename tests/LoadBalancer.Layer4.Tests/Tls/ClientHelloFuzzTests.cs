using System.Buffers;
using System.Buffers.Binary;
using LoadBalancer.Layer4.Tls;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tls;

public sealed class ClientHelloFuzzTests
{
    private static readonly SearchValues<char> AllowedInNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private static readonly Hello Small = new()
    {
        SessionId = [],
        Extensions =
        [
            (Hello.ServerNameType, Hello.ServerName("a.example")),
            (Hello.ApplicationProtocolsType, Hello.ApplicationProtocols("\x1A\x1A", "h2", "x")),
        ],
    };

    [Fact]
    public void Any_input_gets_one_answer_that_depends_on_nothing_beyond_it()
    {
        const int Cases = 500_000;
        var fuzzer = new Fuzzer(
            Small.ToRecord(),
            Small.ToRecord(),
            Hello.Records(Hello.Message(Small.ToBody()), 40),
            Hello.Records(Hello.Message(Small.ToBody()), 3),
            new Hello { Extensions = null }.ToRecord(),
            RecordedHello.Read("openssl-tls1_3"),
            RecordedHello.Read("curl"),
            RecordedHello.Read("chromium"));
        var answers = new int[3];
        for (var i = 0; i < Cases; i++)
        {
            fuzzer.Next();
            fuzzer.SetBeyond(0);
            var result = ClientHelloReader.Read(fuzzer.Input);
            fuzzer.SetBeyond(0xFF);
            fuzzer.Check(AreSame(result, ClientHelloReader.Read(fuzzer.Input)), "Bytes beyond the input change the answer");
            fuzzer.Check(IsSound(result), "The answer contradicts itself");

            var earlier = ClientHelloReader.Read(fuzzer.Prefix());
            fuzzer.Check(
                earlier.Status == ParseStatus.NeedMoreData || (earlier.Status == ParseStatus.Malformed && result.Status == ParseStatus.Malformed) || AreSame(earlier, result),
                "More bytes change the answer");
            answers[(int)result.Status]++;
        }

        Assert.All(answers, count => Assert.True(count > Cases / 50, $"One-sided inputs: {string.Join(", ", answers)}"));
    }

    [Fact]
    public void The_same_message_gets_the_same_answer_in_any_records()
    {
        const int Cases = 100_000;
        var fuzzer = new Fuzzer(Small.ToBody(), Hello.Named("a.example").ToBody(), RecordedHello.Read("curl")[9..]);
        var records = new byte[64 * 1024];
        var answers = new int[3];
        for (var i = 0; i < Cases; i++)
        {
            fuzzer.Next();
            byte[] message = [1, 0, (byte)(fuzzer.Input.Length >> 8), (byte)fuzzer.Input.Length, .. fuzzer.Input];
            var whole = ClientHelloReader.Read(Hello.Record(message));
            var length = WriteRecords(message, fuzzer.Random, records);
            fuzzer.Check(AreSame(whole, ClientHelloReader.Read(records.AsSpan(..length))), "Records change the answer");
            answers[(int)whole.Status]++;
        }

        Assert.True(
            answers[(int)ParseStatus.Complete] > Cases / 50 && answers[(int)ParseStatus.Malformed] > Cases / 50 && answers[(int)ParseStatus.NeedMoreData] == 0,
            $"Other inputs than meant: {string.Join(", ", answers)}");
    }

    private static int WriteRecords(ReadOnlySpan<byte> message, Random random, Span<byte> records)
    {
        var length = 0;
        while (!message.IsEmpty)
        {
            var fragment = message[..Math.Min(1 + random.Next(64), message.Length)];
            records[length] = 22;
            BinaryPrimitives.WriteUInt16BigEndian(records[(length + 1)..], 0x0301);
            BinaryPrimitives.WriteUInt16BigEndian(records[(length + 3)..], (ushort)fragment.Length);
            fragment.CopyTo(records[(length + 5)..]);
            length += 5 + fragment.Length;
            message = message[fragment.Length..];
        }

        return length;
    }

    private static bool IsSound(ClientHelloResult result)
    {
        var isComplete = result.Status == ParseStatus.Complete;
        foreach (var protocol in result.ApplicationProtocols)
        {
            if (protocol.Length is 0 or > 255)
            {
                return false;
            }
        }

        return (result.Reason is not null) == (result.Status == ParseStatus.Malformed)
            && (isComplete || (result.ServerName is null && result.ApplicationProtocols.IsEmpty))
            && (result.ServerName is null || (result.ServerName.Length is > 0 and <= 253 && !result.ServerName.AsSpan().ContainsAnyExcept(AllowedInNames)));
    }

    private static bool AreSame(ClientHelloResult one, ClientHelloResult other) =>
        (one.Status, one.ServerName, one.Reason) == (other.Status, other.ServerName, other.Reason)
        && one.ApplicationProtocols.SequenceEqual(other.ApplicationProtocols);
}
