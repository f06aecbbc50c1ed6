using System.Security.Authentication;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>Says what went wrong in the TLS handshake with a backend, without its address.</summary>
internal static class HandshakeFault
{
    /// <summary>Explains an exception of an attempt.</summary>
    /// <param name="exception">What was thrown; null for nothing.</param>
    /// <returns>A sentence; null when it was no handshake that failed.</returns>
    public static string? Of(Exception? exception) => exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } => "The backend does not speak the HTTP version of the pool.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: var inner } => inner switch
        {
            AuthenticationException { InnerException: IOException } => "The backend ended the connection.",
            // What OpenSSL and SChannel say is for the log, and for detailed errors.
            AuthenticationException { InnerException: not null } => "The backend and the balancer could not agree.",
            AuthenticationException => Ended(inner.Message),
            _ => "",
        },
        _ => null,
    };

    private static string Ended(string message) => message.EndsWith('.') ? message : message + '.';
}
