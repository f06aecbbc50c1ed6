namespace Peers.Contenders;

/// <summary>What clients speak to a contender; backends are always spoken to in HTTP/1.1 or plain bytes.</summary>
internal enum Protocol
{
    /// <summary>Plain TCP, whatever is in it.</summary>
    Tcp,

    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2 with prior knowledge, in clear text.</summary>
    Http2,

    /// <summary>HTTP/1.1 over TLS.</summary>
    Https,
}
