using System.Net;
using BenchmarkDotNet.Attributes;
using LoadBalancer;
using LoadBalancer.Configuration;
using LoadBalancer.ProxyProtocol;

namespace Micro;

/// <summary>Reading and writing a header of the PROXY protocol, each once a connection.</summary>
[MemoryDiagnoser]
public class ProxyHeaderBenchmark
{
    private readonly byte[] _buffer = new byte[ProxyHeaderWriter.MaxLength];
    private IPEndPoint _source = null!;
    private IPEndPoint _destination = null!;
    private byte[] _header = null!;

    [Params(1, 2)]
    public int Version { get; set; }

    [Params("192.0.2.1", "2001:db8::1")]
    public string Address { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _source = new(IPAddress.Parse(Address), 51_234);
        _destination = new(IPAddress.Parse(Address), 443);
        _header = _buffer[..Write()];
    }

    [Benchmark]
    public bool Read() => ProxyHeaderReader.Read(_header).Status == ParseStatus.Complete;

    [Benchmark]
    public int Write() => ProxyHeaderWriter.Write(_buffer, (ProxyProtocolVersion)Version, _source, _destination);
}
