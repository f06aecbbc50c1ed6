using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Tls;

internal static class TlsTestExtensions
{
    /// <summary>Options with one route and, besides the listener <c>http</c>, one with TLS named <c>https</c>.</summary>
    public static LoadBalancerOptions WithTls(TlsTerminationOptions tls, HttpListenerProtocols? protocols = null)
    {
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Listeners["https"] = new() { Address = "127.0.0.1:0", Tls = tls, Protocols = protocols };
        return options;
    }

    /// <summary>A client of a listener that trusts one authority alone.</summary>
    public static HttpClient CreateClient(this TestBalancer balancer, string listener, X509Certificate2? trusted, X509Certificate2? own = null)
    {
        var client = balancer.CreateClient(handler =>
        {
            handler.SslOptions.ClientCertificates = own is null ? null : [own];
            if (trusted is null)
            {
                handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
            }
            else
            {
                handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { trusted } };
            }
        });
        client.BaseAddress = balancer.UriOf(listener);
        return client;
    }
}
