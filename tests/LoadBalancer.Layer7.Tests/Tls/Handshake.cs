using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Layer7.Tests.Tls;

/// <summary>What a client sees of a handshake.</summary>
internal sealed record Handshake(string Subject, string Thumbprint, string Protocol, SslProtocols Version)
{
    /// <summary>Shakes hands and hangs up.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="serverName">The name that is sent; null sends none.</param>
    /// <param name="trusted">Authority that must vouch for the server; null accepts all.</param>
    /// <param name="version">Version that is spoken; the newest unless said otherwise.</param>
    public static async Task<Handshake> WithAsync(Uri address, string? serverName, X509Certificate2? trusted = null, SslProtocols version = SslProtocols.None)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        using var stream = new SslStream(client.GetStream());
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = serverName ?? "",
            EnabledSslProtocols = version,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            RemoteCertificateValidationCallback = (_, _, _, errors) => trusted is null || errors == SslPolicyErrors.None,
        };
        if (trusted is not null)
        {
            options.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { trusted } };
        }

        await stream.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        using var certificate = new X509Certificate2(stream.RemoteCertificate!);
        return new(certificate.Subject, certificate.Thumbprint, stream.NegotiatedApplicationProtocol.ToString(), stream.SslProtocol);
    }
}
