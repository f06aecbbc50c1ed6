using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration;

/// <summary>What concerns TLS, as far as it can be told without looking at the files.</summary>
internal static partial class OptionsValidator
{
    private const string CertificateFile = "must be a PEM or PFX file";

    public static void ValidateTls(LoadBalancerOptions options, List<ConfigurationError> errors)
    {
        const string Root = LoadBalancerOptions.SectionName;
        var check = new Checks(errors);
        foreach (var (name, pool) in options.Pools)
        {
            if (pool.BackendTls is { } tls)
            {
                BackendTls($"{Root}:Pools:{name}:BackendTls", tls, check);
            }
        }

        foreach (var (name, listener) in options.Layer7.Listeners)
        {
            var key = $"{Root}:Layer7:Listeners:{name}";
            if (listener is { Protocols: HttpListenerProtocols.Http1AndHttp2 or HttpListenerProtocols.Http1AndHttp2AndHttp3, Tls: null })
            {
                check.Fail($"{key}:Protocols", $"'{listener.Protocols}' needs Tls, in whose handshake one is chosen; must be Http1 or Http2");
            }

            if (listener.Tls is { } tls)
            {
                Certificates($"{key}:Tls:Certificates", tls, check);
                ClientCertificate($"{key}:Tls:ClientCertificate", tls.ClientCertificate, check);
            }

            if (listener.RedirectToHttps is { } redirect)
            {
                Redirect($"{key}:RedirectToHttps", listener, redirect, options, check);
            }
        }
    }

    private static void BackendTls(string key, BackendTlsOptions tls, Checks check)
    {
        if (tls.ServerName is { } name && !ServerName().IsMatch(name))
        {
            check.Fail($"{key}:ServerName", $"'{name}' is not a server name; must be a name such as catalog.internal");
        }

        if (tls is { InsecureAllowUntrusted: true, TrustedCa: not null })
        {
            check.Fail($"{key}:InsecureAllowUntrusted", "is true beside TrustedCa, which would then not count; must be one of the two");
        }

        if (tls.ClientCertificate is { Path: null or "" })
        {
            check.Fail($"{key}:ClientCertificate:Path", $"is missing; {CertificateFile}");
        }
    }

    private static void Certificates(string key, TlsTerminationOptions tls, Checks check)
    {
        var holders = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? standard = null;
        foreach (var (name, certificate) in tls.Certificates)
        {
            if (string.IsNullOrEmpty(certificate.Path))
            {
                check.Fail($"{key}:{name}:Path", $"is missing; {CertificateFile}");
            }

            for (var i = 0; i < certificate.ServerNames.Length; i++)
            {
                var serverName = certificate.ServerNames[i];
                if (!ServerNamePattern().IsMatch(serverName))
                {
                    check.Fail($"{key}:{name}:ServerNames:{i}", $"'{serverName}' is not a server name; must be a name such as example.com or *.example.com");
                }
                else if (!holders.TryAdd(serverName, name))
                {
                    check.Fail($"{key}:{name}:ServerNames:{i}", $"'{serverName}' is a name of certificate '{holders[serverName]}'; each must have its own");
                }
            }

            if (certificate.ServerNames.Length == 0 && standard is not null)
            {
                check.Fail($"{key}:{name}:ServerNames", $"is empty, as with certificate '{standard}'; only one can be for all other names");
            }
            else if (certificate.ServerNames.Length == 0)
            {
                standard = name;
            }
        }
    }

    private static void ClientCertificate(string key, ClientCertificateOptions? client, Checks check)
    {
        if (client is { Mode: not ClientCertificateMode.None, TrustedCa.Length: 0 })
        {
            check.Fail($"{key}:TrustedCa", "is missing; must be a list of files with certificates of authorities");
        }

        if (client?.ForwardHeader is { } header && !IsToken(header))
        {
            check.Fail($"{key}:ForwardHeader", $"'{header}' is not a header name; must be a token such as X-Client-Cert");
        }
    }

    private static void Redirect(string key, Layer7ListenerOptions listener, HttpsRedirectOptions redirect, LoadBalancerOptions options, Checks check)
    {
        var targets = options.Layer7.Listeners.Where(pair => pair.Value.Tls is not null).Select(pair => pair.Key).Order(StringComparer.Ordinal).ToArray();
        if (listener.Tls is not null)
        {
            check.Fail(key, "is on a listener with Tls; must be on one without");
        }
        else if (redirect.Port is { } port)
        {
            check.Range($"{key}:Port", port, 1, System.Net.IPEndPoint.MaxPort);
        }
        else if (targets.Length != 1)
        {
            var why = targets.Length == 0 ? "no listener has Tls" : $"{string.Join(" and ", targets)} have Tls";
            check.Fail($"{key}:Port", $"is missing, and {why}; must be a port from 1 to 65535");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ServerName();
}
