namespace LoadBalancer.Configuration.Statistics;

/// <summary>A certificate that a listener presents: what every client sees of it anyway.</summary>
/// <param name="Name">Its name in the configuration; empty for the developer's or self-signed one.</param>
/// <param name="ServerNames">Names it is for; empty for all others.</param>
/// <param name="Subject">Whom it was made for.</param>
/// <param name="NotAfter">The end of its validity.</param>
/// <param name="Thumbprint">SHA-256 over the certificate, as hexadecimal digits.</param>
public sealed record CertificateStatistics(
    string Name,
    IReadOnlyList<string> ServerNames,
    string Subject,
    DateTimeOffset NotAfter,
    string Thumbprint);
