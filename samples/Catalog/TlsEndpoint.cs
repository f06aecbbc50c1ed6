using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ServiceDefaults;

namespace Catalog;

/// <summary>
/// HTTPS on the port that <c>CATALOG_TLS_PORT</c> says, with a certificate of the replica's own: so that clients behind a
/// balancer that passes TLS through can see which replica they speak to.
/// </summary>
internal static class TlsEndpoint
{
    private const string Port = "CATALOG_TLS_PORT";

    public static void AddTls(this WebApplicationBuilder builder)
    {
        if (builder.Configuration[Port] is not { Length: > 0 } port)
        {
            return;
        }

        if (builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey) is { Length: > 0 } urls)
        {
            builder.WebHost.UseUrls($"{urls};https://localhost:{port}");
        }
        else
        {
            // In a container there are ports and no URLs, and a URL would take the place of the ports.
            builder.WebHost.UseSetting(WebHostDefaults.HttpsPortsKey, port);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var me = kestrel.ApplicationServices.GetRequiredService<ReplicaIdentity>();
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = CertificateOf(me.Replica));
        });
    }

    private static X509Certificate2 CertificateOf(string replica)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={replica}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(30));

        // Windows takes no key for handshakes that was not imported.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
