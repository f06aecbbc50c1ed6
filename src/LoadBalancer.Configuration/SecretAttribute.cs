namespace LoadBalancer.Configuration;

/// <summary>Marks what must not be shown: <see cref="ConfigurationFile.ToJsonWithoutSecrets"/> leaves it out.</summary>
/// <param name="parts">Which parts of the value are secret.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute(SecretParts parts = SecretParts.All) : Attribute
{
    public SecretParts Parts { get; } = parts;
}
