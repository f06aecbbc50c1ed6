using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tls;

// Apart from ReloadedFile, which is generic: the generator would make one for each of its types.
internal static partial class ReloadedFileLog
{
    [LoggerMessage(121, LogLevel.Information, "{Key}: {Files} changed and is in use.")]
    public static partial void Reloaded(ILogger logger, string key, string files);

    [LoggerMessage(122, LogLevel.Error, "{Key}: {Message}. The certificate that was read before stays in use, if there was one.")]
    public static partial void Kept(ILogger logger, string key, string message);
}
