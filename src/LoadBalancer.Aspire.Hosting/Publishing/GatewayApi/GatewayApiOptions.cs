using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>How a balancer becomes resources of the Gateway API.</summary>
internal sealed record GatewayApiOptions(string GatewayClass, string Balancer)
{
    public string? Namespace { get; init; }

    public GatewayApiVersion Version { get; init; } = GatewayApiVersion.V16;

    public bool IsExperimental { get; init; }

    /// <summary>Services by resource and endpoint.</summary>
    public Dictionary<(string Resource, string Endpoint), (string Name, int? Port)> Services { get; init; } = [];

    /// <summary>Secrets by listener.</summary>
    public Dictionary<string, string[]> Secrets { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What who references the balancer is given as its host.</summary>
    public ParameterResource? Host { get; init; }

    public static ParameterResource HostParameter(IConfiguration configuration, string balancer)
    {
        var name = $"{balancer}-gateway-host";
        return new(name, _ => configuration[$"Parameters:{name}"] ?? throw new MissingParameterValueException($"Parameter resource could not be used because configuration key 'Parameters:{name}' is missing: the host name or address of the Gateway '{balancer}'."));
    }
}
