using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>A certificate with its private key on disk: PEM (RFC 7468) or PFX (PKCS #12, RFC 7292).</summary>
public sealed class CertificateFile
{
    private const string Allowed = "must be a PEM or PFX file";
    private const int WrongPassword = unchecked((int)0x80070056);

    private readonly string _path;
    private readonly string? _keyPath;
    private readonly string? _password;

    private CertificateFile(string path, string? keyPath, string? password)
    {
        _path = path;
        _keyPath = keyPath;
        _password = password;
    }

    /// <summary>The files that it is read from.</summary>
    public IReadOnlyList<string> Paths => _keyPath is null ? [_path] : [_path, _keyPath];

    /// <summary>Names the files of a listener's certificate.</summary>
    /// <param name="options">Valid options.</param>
    /// <returns>The file, not read yet.</returns>
    public static CertificateFile Of(TlsCertificateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(options.Path!, options.KeyPath, options.Password);
    }

    /// <summary>Names the files of the certificate that backends are shown.</summary>
    /// <param name="options">Valid options.</param>
    /// <returns>The file, not read yet.</returns>
    public static CertificateFile Of(BackendCertificateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(options.Path!, options.KeyPath, options.Password);
    }

    /// <summary>Reads authorities' certificates: PEM with one or several, or DER with one.</summary>
    /// <param name="key">The configuration key, for <see cref="CertificateException.Key"/>.</param>
    /// <param name="path">The file.</param>
    /// <returns>At least one certificate.</returns>
    /// <exception cref="CertificateException">There is none, or the file cannot be read.</exception>
    public static X509Certificate2Collection LoadAuthorities(string key, string path)
    {
        var bytes = Read(key, path, "must be a PEM or DER file with certificates of authorities");
        var found = new X509Certificate2Collection();
        try
        {
            if (IsPem(bytes))
            {
                found.ImportFromPem(System.Text.Encoding.UTF8.GetString(bytes));
            }
            else
            {
                found.Add(X509CertificateLoader.LoadCertificate(bytes));
            }
        }
        catch (CryptographicException exception)
        {
            throw new CertificateException(key, $"'{path}' is not a certificate: {exception.Message}");
        }

        return found.Count > 0 ? found : throw new CertificateException(key, $"'{path}' has no certificate; must have at least one");
    }

    /// <summary>Reads the certificate, its key and the intermediates beside it.</summary>
    /// <returns>What a handshake needs.</returns>
    /// <exception cref="CertificateException">It cannot be used.</exception>
    public SslStreamCertificateContext Load()
    {
        var bytes = Read("Path", _path, Allowed);
        var chain = new X509Certificate2Collection();
        var certificate = IsPem(bytes) ? LoadPem(bytes, chain) : LoadPfx(bytes, chain);
        // Offline: a missing intermediate is not looked for in the network while clients wait.
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    /// <summary>Makes a certificate whose key is in memory usable for handshakes on this system.</summary>
    /// <param name="certificate">The certificate, which is given up.</param>
    /// <returns>The same one or a copy.</returns>
    public static X509Certificate2 ForHandshake(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!OperatingSystem.IsWindows())
        {
            return certificate;
        }

        // Schannel refuses a key that is in this process only; the system's key store takes it until the process ends.
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }

    private X509Certificate2 LoadPem(byte[] bytes, X509Certificate2Collection chain)
    {
        var certificates = System.Text.Encoding.UTF8.GetString(bytes);
        var keyPath = _keyPath ?? _path;
        var keyName = _keyPath is null ? "Path" : "KeyPath";
        var key = _keyPath is null ? certificates : System.Text.Encoding.UTF8.GetString(Read("KeyPath", _keyPath, "must be a PEM file with a private key"));
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new CertificateException(keyName, $"'{keyPath}' has no private key; it must be in this file, or KeyPath must name a PEM file that has it");
        }

        var encrypted = key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        if (encrypted && _password is null)
        {
            throw new CertificateException("Password", $"is missing; must be the password of '{keyPath}'");
        }

        try
        {
            chain.ImportFromPem(certificates);
            if (chain.Count == 0)
            {
                throw new CertificateException("Path", $"'{_path}' has no certificate; {Allowed}");
            }

            return ForHandshake(encrypted ? X509Certificate2.CreateFromEncryptedPem(certificates, key, _password) : X509Certificate2.CreateFromPem(certificates, key));
        }
        catch (ArgumentException)
        {
            throw new CertificateException(keyName, $"'{keyPath}' has a key that is not the one of the certificate in '{_path}'; must be a pair");
        }
        catch (CryptographicException exception)
        {
            throw encrypted
                ? new CertificateException("Password", $"does not open '{keyPath}'; must be the password of its private key")
                : new CertificateException(keyName, $"'{keyPath}' cannot be used: {exception.Message}");
        }
    }

    private X509Certificate2 LoadPfx(byte[] bytes, X509Certificate2Collection chain)
    {
        try
        {
            chain.AddRange(X509CertificateLoader.LoadPkcs12Collection(bytes, _password));
        }
        catch (CryptographicException exception) when (exception.HResult == WrongPassword)
        {
            throw new CertificateException("Password", _password is null
                ? $"is missing; must be the password of '{_path}'"
                : $"does not open '{_path}'; must be its password");
        }
        catch (CryptographicException)
        {
            throw new CertificateException("Path", $"'{_path}' is neither PEM nor PFX; {Allowed}");
        }

        return chain.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw new CertificateException("Path", $"'{_path}' has no certificate with a private key; {Allowed} that has one");
    }

    private static byte[] Read(string key, string path, string allowed)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException(key, $"'{path}' does not exist; {allowed}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CertificateException(key, $"'{path}' cannot be read: {exception.Message}");
        }
    }

    private static bool IsPem(ReadOnlySpan<byte> bytes) => bytes.IndexOf("-----BEGIN "u8) >= 0;
}
