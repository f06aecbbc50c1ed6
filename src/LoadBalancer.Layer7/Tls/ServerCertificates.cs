using System.Collections.Frozen;
using System.Net.Security;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Tls;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tls;

/// <summary>The certificates of a listener by server name: the exact name before the wildcard before the one for all others.</summary>
internal sealed class ServerCertificates
{
    private const string Wildcard = "*.";

    private readonly Entry[] _all;
    private readonly FrozenDictionary<string, Entry> _byName;
    private readonly Entry? _standard;
    private readonly DefaultCertificate _default;

    public ServerCertificates(string key, IReadOnlyDictionary<string, TlsCertificateOptions> options, DefaultCertificate @default, ILogger logger)
    {
        _default = @default;
        _all = [.. options.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new Entry(pair.Key, pair.Value, Open($"{key}:{pair.Key}", pair.Value, logger)))];
        _byName = _all.SelectMany(entry => entry.Options.ServerNames.Select(name => KeyValuePair.Create(name, entry))).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        // A certificate of another name tells the client more than a handshake that breaks off.
        _standard = _all.FirstOrDefault(entry => entry.Options.ServerNames.Length == 0) ?? _all.FirstOrDefault();
        if (_standard is null)
        {
            _default.Get();
        }
    }

    /// <summary>The certificate for a server name.</summary>
    /// <param name="serverName">What the client sent; empty when it sent none.</param>
    /// <returns>The certificate, or null when it could not be read yet.</returns>
    public SslStreamCertificateContext? Select(string serverName) => _standard is null ? _default.Get() : (Find(serverName) ?? _standard).File.Value;

    /// <summary>Reads files that changed.</summary>
    public void Refresh()
    {
        foreach (var entry in _all)
        {
            entry.File.Refresh();
        }
    }

    public IReadOnlyList<CertificateStatistics> GetStatistics() => _standard is null
        ? [Describe("", [], _default.Get())]
        : [.. from entry in _all let context = entry.File.Value where context is not null select Describe(entry.Name, entry.Options.ServerNames, context)];

    private Entry? Find(string serverName)
    {
        if (_byName.TryGetValue(serverName, out var exact))
        {
            return exact;
        }

        var dot = serverName.IndexOf('.');
        return dot > 0 ? _byName.GetValueOrDefault($"{Wildcard}{serverName.AsSpan(dot + 1)}") : null;
    }

    private static ReloadedFile<SslStreamCertificateContext> Open(string key, TlsCertificateOptions options, ILogger logger)
    {
        var file = CertificateFile.Of(options);
        return new(key, file.Paths, file.Load, logger);
    }

    private static CertificateStatistics Describe(string name, IReadOnlyList<string> serverNames, SslStreamCertificateContext context)
    {
        var certificate = context.TargetCertificate;
        return new(name, serverNames, certificate.Subject, certificate.NotAfter, certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
    }

    private sealed record Entry(string Name, TlsCertificateOptions Options, ReloadedFile<SslStreamCertificateContext> File);
}
