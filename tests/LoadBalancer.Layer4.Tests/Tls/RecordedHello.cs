using System.Net.Security;
using System.Security.Authentication;

namespace LoadBalancer.Layer4.Tests.Tls;

/// <summary>What real clients send first.</summary>
internal static class RecordedHello
{
    /// <summary>The files, with the name and the protocols that the program was told to ask for.</summary>
    /// <remarks>
    /// Recorded from a socket on loopback: OpenSSL 3.0.22 <c>s_client -servername … [-tls1 …] [-alpn …]</c>, curl 7.88.1,
    /// Chromium 156 with <c>--host-resolver-rules</c>; the latter's has GREASE and a post-quantum key share.
    /// </remarks>
    public static readonly TheoryData<string, string?, string[]> All = new()
    {
        { "openssl-tls1", "openssl.example", [] },
        { "openssl-tls1_1", "openssl.example", [] },
        { "openssl-tls1_2", "openssl.example", [] },
        { "openssl-tls1_3", "openssl.example", ["dot", "h2"] },
        { "openssl-noname", null, [] },
        { "curl", "curl.example", ["h2", "http/1.1"] },
        { "chromium", "chromium.example", ["h2", "http/1.1"] },
    };

    public static byte[] Read(string file) =>
        Convert.FromHexString(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Tls", "Recorded", $"{file}.hex")).ReplaceLineEndings(""));

    /// <summary>What this runtime's client sends.</summary>
    public static async Task<byte[]> OfSslStreamAsync(string host, SslProtocols versions, params SslApplicationProtocol[] protocols)
    {
        using var sent = new MemoryStream();
        await using var client = new SslStream(sent);
        var options = new SslClientAuthenticationOptions { TargetHost = host, EnabledSslProtocols = versions, ApplicationProtocols = [.. protocols] };

        // There is nobody to answer: the stream is at its end behind what was written.
        await Assert.ThrowsAnyAsync<Exception>(() => client.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken));
        return sent.ToArray();
    }
}
