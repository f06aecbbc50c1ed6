using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Layer7.Tls;

/// <summary>The certificate of <c>dotnet dev-certs https</c>, and what takes its place where there is none.</summary>
internal static class DeveloperCertificate
{
    /// <summary>The extension that marks it; its first byte is the version of its form.</summary>
    public const string Mark = "1.3.6.1.4.1.311.84.1.1";

    private static readonly TimeSpan Validity = TimeSpan.FromDays(30);

    /// <summary>Looks in the user's store, as Kestrel does.</summary>
    /// <returns>The newest valid one with a key; null when there is none.</returns>
    public static X509Certificate2? Find(DateTimeOffset now)
    {
        try
        {
            using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser);
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            return Choose(store.Certificates, now);
        }
        catch (CryptographicException)
        {
            // No store: a user without a home, or one that never had a certificate.
            return null;
        }
    }

    /// <summary>Picks among certificates.</summary>
    public static X509Certificate2? Choose(IEnumerable<X509Certificate2> certificates, DateTimeOffset now) => certificates
        .Where(certificate => certificate.HasPrivateKey && certificate.NotBefore <= now && now < certificate.NotAfter && VersionOf(certificate) is not null)
        .OrderByDescending(VersionOf)
        .ThenByDescending(certificate => certificate.NotAfter)
        .FirstOrDefault();

    /// <summary>Makes a certificate for localhost in memory.</summary>
    public static X509Certificate2 Make(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: true));
        // Clocks of machines differ.
        return request.CreateSelfSigned(now.AddHours(-1), now + Validity);
    }

    private static byte? VersionOf(X509Certificate2 certificate) =>
        certificate.Extensions[Mark] is { } mark ? mark.RawData.FirstOrDefault() : null;
}
