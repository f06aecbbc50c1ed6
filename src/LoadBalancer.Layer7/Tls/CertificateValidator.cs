using LoadBalancer.Configuration;
using LoadBalancer.Tls;

namespace LoadBalancer.Layer7.Tls;

/// <summary>Checks of certificate files: whether they are there and can be used.</summary>
public static class CertificateValidator
{
    /// <summary>Makes paths of certificate files absolute, which are relative to the configuration file.</summary>
    /// <param name="options">The options, which are changed.</param>
    /// <param name="directory">The configuration file's directory.</param>
    public static void ResolvePaths(LoadBalancerOptions options, string directory)
    {
        ArgumentNullException.ThrowIfNull(options);
        // What is no path at all stays, for the check to name.
        string? Resolve(string? path) => string.IsNullOrEmpty(path) || path.Contains('\0') ? path : Path.GetFullPath(path, directory);
        foreach (var tls in options.Pools.Values.Select(pool => pool.BackendTls).OfType<BackendTlsOptions>())
        {
            tls.TrustedCa = Resolve(tls.TrustedCa);
            if (tls.ClientCertificate is { } own)
            {
                (own.Path, own.KeyPath) = (Resolve(own.Path), Resolve(own.KeyPath));
            }
        }

        foreach (var tls in options.Layer7.Listeners.Values.Select(listener => listener.Tls).OfType<TlsTerminationOptions>())
        {
            foreach (var certificate in tls.Certificates.Values)
            {
                (certificate.Path, certificate.KeyPath) = (Resolve(certificate.Path), Resolve(certificate.KeyPath));
            }

            if (tls.ClientCertificate is { } client)
            {
                client.TrustedCa = [.. client.TrustedCa.Select(path => Resolve(path)!)];
            }
        }
    }

    /// <summary>Reads every certificate file.</summary>
    /// <param name="options">The options.</param>
    /// <returns>An error for each file that cannot be used.</returns>
    public static IEnumerable<ConfigurationError> Validate(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Pools
            .SelectMany(pool => BackendTls($"LoadBalancer:Pools:{pool.Key}:BackendTls", pool.Value.BackendTls))
            .Concat(options.Layer7.Listeners.SelectMany(listener => Termination($"LoadBalancer:Layer7:Listeners:{listener.Key}:Tls", listener.Value.Tls)))
            .OfType<ConfigurationError>();
    }

    private static IEnumerable<ConfigurationError?> BackendTls(string key, BackendTlsOptions? tls)
    {
        if (tls?.TrustedCa is { } path)
        {
            yield return Try(key, () => CertificateFile.LoadAuthorities(nameof(tls.TrustedCa), path));
        }

        // One without a path is the reader's to name.
        if (tls?.ClientCertificate is { Path.Length: > 0 } own)
        {
            yield return Try($"{key}:ClientCertificate", () => CertificateFile.Of(own).Load());
        }
    }

    private static IEnumerable<ConfigurationError?> Termination(string key, TlsTerminationOptions? tls)
    {
        foreach (var (name, certificate) in tls?.Certificates ?? [])
        {
            if (!string.IsNullOrEmpty(certificate.Path))
            {
                yield return Try($"{key}:Certificates:{name}", () => CertificateFile.Of(certificate).Load());
            }
        }

        foreach (var (i, path) in (tls?.ClientCertificate?.TrustedCa ?? []).Index())
        {
            yield return Try($"{key}:ClientCertificate:TrustedCa:{i}", () => CertificateFile.LoadAuthorities("", path));
        }
    }

    private static ConfigurationError? Try(string key, Action load)
    {
        try
        {
            load();
            return null;
        }
        catch (CertificateException exception)
        {
            return new(exception.Key.Length == 0 ? key : $"{key}:{exception.Key}", exception.Message);
        }
    }
}
