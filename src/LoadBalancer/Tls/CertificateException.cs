namespace LoadBalancer.Tls;

/// <summary>A certificate file cannot be used. The message names the file, never a password.</summary>
public sealed class CertificateException : Exception
{
    /// <summary>Says which key and why.</summary>
    /// <param name="key">The key that names the file, or holds its password: <c>Path</c>, <c>KeyPath</c>, <c>Password</c>; empty for a list's entry.</param>
    /// <param name="message">What is wrong and what is allowed.</param>
    public CertificateException(string key, string message)
        : base(message) => Key = key;

    /// <summary>The key at fault, below the certificate's own.</summary>
    public string Key { get; }
}
