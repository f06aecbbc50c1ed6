using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Authentication;
using BenchmarkDotNet.Attributes;
using LoadBalancer;
using LoadBalancer.Layer4.Tls;

namespace Micro;

/// <summary>Reading what a TLS client sends first, once for each connection that is routed by name.</summary>
[MemoryDiagnoser]
public class ClientHelloBenchmark
{
    private byte[] _hello = null!;
    private byte[] _fragmented = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        _hello = await CaptureAsync();
        _fragmented = Fragment(_hello, fragmentLength: 64);
    }

    /// <summary>All of it at once, in one record: the usual case.</summary>
    [Benchmark(Baseline = true)]
    public bool Read() => ClientHelloReader.Read(_hello).Status == ParseStatus.Complete;

    /// <summary>The last byte is missing.</summary>
    [Benchmark]
    public bool ReadPartial() => ClientHelloReader.Read(_hello.AsSpan(..^1)).Status == ParseStatus.NeedMoreData;

    /// <summary>In records of 64 bytes.</summary>
    [Benchmark]
    public bool ReadFragmented() => ClientHelloReader.Read(_fragmented).Status == ParseStatus.Complete;

    private static async Task<byte[]> CaptureAsync()
    {
        using var sent = new MemoryStream();
        await using var client = new SslStream(sent);
        try
        {
            await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "service.example",
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            });
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException)
        {
            // Nobody answers: the stream ends behind what was written.
        }

        return sent.ToArray();
    }

    private static byte[] Fragment(byte[] record, int fragmentLength)
    {
        using var records = new MemoryStream();
        foreach (var fragment in record[5..].Chunk(fragmentLength))
        {
            byte[] header = [.. record[..3], 0, 0];
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)fragment.Length);
            records.Write(header);
            records.Write(fragment);
        }

        return records.ToArray();
    }
}
