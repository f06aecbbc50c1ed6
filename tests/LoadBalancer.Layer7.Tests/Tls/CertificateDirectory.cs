using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LoadBalancer.Layer7.Tests.Tls;

/// <summary>Certificate files of one test.</summary>
internal sealed class CertificateDirectory : IDisposable
{
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-tls-test-");

    public string Path => _directory.FullName;

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes certificate, key and further certificates to one PEM file.</summary>
    public string WritePem(string name, X509Certificate2 certificate, params X509Certificate2[] chain)
    {
        var text = new StringBuilder(certificate.ExportCertificatePem()).AppendLine();
        foreach (var further in chain)
        {
            text.AppendLine(further.ExportCertificatePem());
        }

        return Write(name, text.AppendLine(KeyOf(certificate)).ToString());
    }

    /// <summary>Writes certificates without keys.</summary>
    public string WriteCertificates(string name, params X509Certificate2[] certificates) =>
        Write(name, string.Join('\n', certificates.Select(certificate => certificate.ExportCertificatePem())));

    public string WriteKey(string name, X509Certificate2 certificate, string? password = null)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return Write(name, password is null ? KeyOf(certificate) : key.ExportEncryptedPkcs8PrivateKeyPem(password, Encryption));
    }

    public string WritePfx(string name, X509Certificate2 certificate, string? password, params X509Certificate2[] chain)
    {
        var path = PathOf(name);
        File.WriteAllBytes(path, new X509Certificate2Collection((X509Certificate2[])[certificate, .. chain]).Export(X509ContentType.Pfx, password)!);
        return path;
    }

    public string Write(string name, string text)
    {
        // Aside, then renamed over: as tools do that renew certificates.
        var path = PathOf(name);
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    public static string KeyOf(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
