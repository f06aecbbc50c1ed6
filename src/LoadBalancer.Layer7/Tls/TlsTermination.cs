using System.Net.Security;
using System.Security.Authentication;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using ClientCertificateMode = LoadBalancer.Configuration.ClientCertificateMode;

namespace LoadBalancer.Layer7.Tls;

/// <summary>Ends TLS on a listener. Changes hold from the next handshake on; connections that are open stay.</summary>
internal sealed class TlsTermination(string listener, DefaultCertificate standard, ILogger logger)
{
    private volatile Settings? _settings;

    /// <summary>Header in which backends get the client's certificate; null for none.</summary>
    public string? ForwardHeader => _settings?.ForwardHeader;

    /// <summary>Takes new options and reads their files.</summary>
    public void Apply(TlsTerminationOptions options)
    {
        var key = $"LoadBalancer:Layer7:Listeners:{listener}:Tls";
        var client = options.ClientCertificate is { Mode: not ClientCertificateMode.None } asked ? asked : null;
        _settings = new(
            options.MinimumVersion == TlsVersion.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13,
            new(key + ":Certificates", options.Certificates, standard, logger),
            client is null ? null : new(key + ":ClientCertificate", client, logger),
            client?.ForwardHeader);
    }

    /// <summary>Reads files that changed.</summary>
    public void Refresh()
    {
        _settings?.Certificates.Refresh();
        _settings?.Client?.Refresh();
    }

    /// <summary>Chooses for a handshake.</summary>
    /// <exception cref="AuthenticationException">The certificate's file could not be read yet.</exception>
    public ValueTask<SslServerAuthenticationOptions> ChooseAsync(TlsHandshakeCallbackContext context)
    {
        var settings = _settings!;
        var handshake = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = settings.Certificates.Select(context.ClientHelloInfo.ServerName)
                ?? throw new AuthenticationException($"Listener {listener} has no certificate for '{context.ClientHelloInfo.ServerName}'."),
            EnabledSslProtocols = settings.Versions,
            AllowRenegotiation = false,
        };
        settings.Client?.Apply(handshake);
        return new(handshake);
    }

    public IReadOnlyList<CertificateStatistics> GetStatistics() => _settings?.Certificates.GetStatistics() ?? [];

    private sealed record Settings(SslProtocols Versions, ServerCertificates Certificates, ClientCertificateCheck? Client, string? ForwardHeader);
}
