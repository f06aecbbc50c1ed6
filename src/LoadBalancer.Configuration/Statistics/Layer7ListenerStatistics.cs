namespace LoadBalancer.Configuration.Statistics;

/// <summary>A Layer 7 listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Where it listens.</param>
/// <param name="Protocols">The HTTP versions.</param>
/// <param name="Tls">Whether it ends TLS.</param>
/// <param name="Certificates">The certificates that it presents.</param>
/// <param name="Refused">Requests refused before a route was looked for, because they are malformed or for another host, and connections without the PROXY protocol header they need.</param>
/// <param name="Requests">Requests that came this way, those refused left out.</param>
public sealed record Layer7ListenerStatistics(
    string Name,
    IReadOnlyList<string> Addresses,
    HttpListenerProtocols Protocols,
    bool Tls,
    IReadOnlyList<CertificateStatistics> Certificates,
    long Refused,
    long Requests);
