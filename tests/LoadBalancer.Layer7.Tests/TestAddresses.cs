using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Layer7.Tests;

/// <summary>The section <c>Services</c>, replaced as a whole.</summary>
internal sealed class TestAddresses : ConfigurationProvider, IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public void Publish(IEnumerable<KeyValuePair<string, string?>> data)
    {
        Data = new Dictionary<string, string?>(data, StringComparer.OrdinalIgnoreCase);
        OnReload();
    }
}
