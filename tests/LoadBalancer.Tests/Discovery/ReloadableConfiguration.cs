using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Tests.Discovery;

/// <summary>Keys in memory that can be replaced, as when a file is written anew.</summary>
internal sealed class ReloadableConfiguration : ConfigurationProvider, IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Puts the addresses of one service's endpoint in place of everything else. None is an empty list, as JSON gives it.</summary>
    public void Set(string service, string endpoint, params string[] addresses) => Replace(
        addresses.Length == 0
            ? new() { [$"Services:{service}:{endpoint}"] = "" }
            : addresses.Index().ToDictionary(pair => $"Services:{service}:{endpoint}:{pair.Index}", string? (pair) => pair.Item));

    public void Replace(Dictionary<string, string?> data)
    {
        Data = new Dictionary<string, string?>(data, StringComparer.OrdinalIgnoreCase);
        OnReload();
    }
}
