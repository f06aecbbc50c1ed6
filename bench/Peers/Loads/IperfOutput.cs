using System.Text.Json;
using System.Text.Json.Serialization;

namespace Peers.Loads;

/// <summary>What iperf3 3.12 writes with <c>--json</c>, as far as it is needed.</summary>
internal sealed partial record IperfOutput(IperfOutput.EndOfTest End, string? Error)
{
    private const double Mebibyte = 1024 * 1024;
    private const double DatagramBytes = 1400;

    /// <summary>Reads a test with TCP streams.</summary>
    /// <exception cref="BenchException">It failed, or its form is not known.</exception>
    public static LoadResult ParseStreams(string json)
    {
        var received = Received(json);
        var mebibytes = received.Bytes / Mebibyte;
        return new(mebibytes, [mebibytes / received.Seconds]);
    }

    /// <summary>Reads a test with datagrams. A sender without a limit is faster than any receiver: only what arrived counts.</summary>
    /// <exception cref="BenchException">It failed, or its form is not known.</exception>
    public static LoadResult ParseDatagrams(string json)
    {
        var received = Received(json);
        var datagrams = received.Bytes / DatagramBytes;
        return new(datagrams, [datagrams / received.Seconds]);
    }

    private static Sum Received(string json)
    {
        IperfOutput output;
        try
        {
            output = JsonSerializer.Deserialize(json, IperfJsonContext.Default.IperfOutput)!;
        }
        catch (JsonException exception)
        {
            throw new BenchException($"iperf3 wrote a form that is not known: {exception.Message}");
        }

        return output.Error is { } error ? throw new BenchException($"iperf3 failed: {error}")
            : output.End?.Received is { Bytes: > 0, Seconds: > 0 } received ? received
            : throw new BenchException("iperf3 wrote a form that is not known: there is no end.sum_received with bytes and seconds");
    }

    internal sealed record EndOfTest([property: JsonPropertyName("sum_received")] Sum? Received);

    internal sealed record Sum(double Bytes, double Seconds);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(IperfOutput))]
    private sealed partial class IperfJsonContext : JsonSerializerContext;
}
