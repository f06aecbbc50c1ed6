using System.ComponentModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration;

/// <summary>The whole configuration file: what the server reads and the Aspire extension writes.</summary>
public sealed record ConfigurationFile
{
    // Paths and patterns shall be read as they were written.
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where an editor finds the JSON schema.</summary>
    [JsonPropertyName("$schema")]
    [Description("Where an editor finds the JSON schema.")]
    public string? Schema { get; set; }

    /// <summary>Everything the balancer does.</summary>
    [Description("Everything the balancer does.")]
    public LoadBalancerOptions LoadBalancer { get; set; } = new();

    /// <summary>Addresses of services, in the form that Microsoft.Extensions.ServiceDiscovery reads: service, endpoint name, addresses.</summary>
    [Description("Addresses of services, in the form that Microsoft.Extensions.ServiceDiscovery reads: service, endpoint name (or scheme), addresses.")]
    public Dictionary<string, Dictionary<string, string[]>> Services { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Log levels, as Microsoft.Extensions.Logging reads them.</summary>
    [Description("Log levels, as Microsoft.Extensions.Logging reads them.")]
    public JsonElement? Logging { get; set; }

    /// <summary>Writes the file's text.</summary>
    /// <returns>Indented JSON.</returns>
    public string ToJson() => JsonSerializer.Serialize(this, ConfigurationJsonContext.Default.ConfigurationFile);

    /// <summary>
    /// Writes the file's text for people: <c>***</c> stands where a token, key or password was, or the value of a header,
    /// cookie or parameter whose name tells of one.
    /// </summary>
    /// <returns>Indented JSON.</returns>
    public string ToJsonWithoutSecrets() => Redaction.Of(this).ToJsonString(Readable);
}
