using System.Net.Security;
using LoadBalancer.Tls;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tls;

/// <summary>
/// What listeners present that have no certificate of their own. One for the process, so that a browser that was told
/// to accept it is not asked again at every change of the configuration.
/// </summary>
internal sealed partial class DefaultCertificate(ILogger logger)
{
    private static readonly TimeSpan Reserve = TimeSpan.FromDays(1);

    private readonly Lock _making = new();
    private volatile SslStreamCertificateContext? _current;

    /// <summary>The certificate; the first call finds or makes it, and one close to its end is replaced.</summary>
    public SslStreamCertificateContext Get()
    {
        if (_current is { } current && !IsEnding(current))
        {
            return current;
        }

        lock (_making)
        {
            return _current is { } made && !IsEnding(made) ? made : _current = Create(DateTimeOffset.UtcNow);
        }
    }

    private static bool IsEnding(SslStreamCertificateContext context) => context.TargetCertificate.NotAfter < DateTime.Now + Reserve;

    private SslStreamCertificateContext Create(DateTimeOffset now)
    {
        if (DeveloperCertificate.Find(now + Reserve) is { } found)
        {
            Log.Found(logger, found.NotAfter);
            return SslStreamCertificateContext.Create(found, additionalCertificates: null, offline: true);
        }

        var made = CertificateFile.ForHandshake(DeveloperCertificate.Make(now));
        Log.Made(logger, made.NotAfter);
        return SslStreamCertificateContext.Create(made, additionalCertificates: null, offline: true);
    }

    private static partial class Log
    {
        [LoggerMessage(361, LogLevel.Information, "TLS uses the ASP.NET Core developer certificate, valid until {NotAfter:yyyy-MM-dd}.")]
        public static partial void Found(ILogger logger, DateTime notAfter);

        [LoggerMessage(362, LogLevel.Warning, "There is no ASP.NET Core developer certificate; TLS uses a self-signed one for localhost that exists in memory only, valid until {NotAfter:yyyy-MM-dd}. Browsers will warn. To get a trusted one: dotnet dev-certs https --trust, then restart.")]
        public static partial void Made(ILogger logger, DateTime notAfter);
    }
}
