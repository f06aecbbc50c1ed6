using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Tls;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tls;

/// <summary>Asks for client certificates and accepts those that an authority of the listener's choice has signed.</summary>
internal sealed class ClientCertificateCheck
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2", "clientAuth");

    private readonly ClientCertificateOptions _options;
    private readonly ReloadedFile<X509Certificate2Collection>[] _trusted;

    public ClientCertificateCheck(string key, ClientCertificateOptions options, ILogger logger)
    {
        _options = options;
        _trusted = [.. options.TrustedCa.Select((path, i) => new ReloadedFile<X509Certificate2Collection>(
            $"{key}:TrustedCa:{i}", [path], () => CertificateFile.LoadAuthorities("", path), logger))];
    }

    public void Refresh()
    {
        foreach (var file in _trusted)
        {
            file.Refresh();
        }
    }

    /// <summary>Makes a handshake ask and check.</summary>
    public void Apply(SslServerAuthenticationOptions handshake)
    {
        // Asked for, in words of SslStream; whether there must be one is for the callback to say.
        handshake.ClientCertificateRequired = true;
        handshake.RemoteCertificateValidationCallback = IsAccepted;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = _options.CheckRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.ApplicationPolicy.Add(ClientAuthentication);
        foreach (var file in _trusted)
        {
            policy.CustomTrustStore.AddRange(file.Value ?? []);
        }

        handshake.CertificateChainPolicy = policy;
    }

    private bool IsAccepted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate is null
        ? _options.Mode == ClientCertificateMode.Request
        : errors == SslPolicyErrors.None;
}
