namespace LoadBalancer.Server.Configuration;

/// <summary>
/// The file's keys as the rest of the process sees them. Only what was found valid gets in: the framework's own
/// JSON provider would empty itself when a changed file cannot be read, and service discovery with it.
/// </summary>
internal sealed class PublishedConfiguration : ConfigurationProvider, IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Puts new keys in place without telling anyone.</summary>
    public void Replace(IDictionary<string, string?> data) => Data = data;

    /// <summary>Tells everyone who follows the configuration, service discovery above all.</summary>
    public void Announce() => OnReload();
}
