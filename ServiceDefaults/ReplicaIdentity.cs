using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace ServiceDefaults;

/// <summary>Which replica of which service this process is, so that an answer can tell who gave it.</summary>
/// <param name="Service">The service, such as <c>catalog</c>.</param>
/// <param name="Replica">The replica: <c>catalog-1</c> under Standalone, the resource's id under Aspire.</param>
/// <param name="Pid">The process.</param>
public sealed record ReplicaIdentity(string Service, string Replica, int Pid)
{
    private const string InstanceAttribute = "service.instance.id=";

    internal static ReplicaIdentity Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var service = Value(configuration, "OTEL_SERVICE_NAME") ?? environment.ApplicationName.ToLowerInvariant();
        var replica = Value(configuration, "REPLICA_NAME")
            ?? InstanceOf(configuration, service)
            ?? $"{service}-{Environment.ProcessId}";
        return new(service, replica, Environment.ProcessId);
    }

    // Aspire gives a replica the suffix of its resource id as instance id, and a persistent one the whole id.
    private static string? InstanceOf(IConfiguration configuration, string service)
    {
        var instance = Value(configuration, "OTEL_SERVICE_INSTANCE_ID") ?? FromAttributes(Value(configuration, "OTEL_RESOURCE_ATTRIBUTES"));
        return instance is null || instance.StartsWith($"{service}-", StringComparison.OrdinalIgnoreCase) ? instance : $"{service}-{instance}";
    }

    private static string? FromAttributes(string? attributes)
    {
        var instance = attributes?
            .Split(',', StringSplitOptions.TrimEntries)
            .FirstOrDefault(attribute => attribute.StartsWith(InstanceAttribute, StringComparison.Ordinal))?[InstanceAttribute.Length..];
        return string.IsNullOrEmpty(instance) ? null : Uri.UnescapeDataString(instance);
    }

    private static string? Value(IConfiguration configuration, string key) => configuration[key] is { Length: > 0 } value ? value : null;
}
