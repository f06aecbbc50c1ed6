using System.Globalization;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Knows, from what the orchestrator reports of resources, which replicas run and where they listen. Not thread-safe.</summary>
internal sealed class ReplicaTracker
{
    private readonly Dictionary<string, ResourceEvent> _latest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wereHealthy = new(StringComparer.Ordinal);

    public void Update(ResourceEvent report)
    {
        _latest[report.ResourceId] = report;
        if (!IsRunning(report))
        {
            _wereHealthy.Remove(report.ResourceId);
        }
        else if (report.Snapshot.HealthStatus != HealthStatus.Unhealthy)
        {
            _wereHealthy.Add(report.ResourceId);
        }
    }

    /// <summary>The replicas of a pool that run, and why one that runs is not reached as it should be.</summary>
    public IReadOnlyList<Replica> ReplicasOf(BackendPool pool, out string? problem)
    {
        problem = null;
        var replicas = new List<Replica>();
        foreach (var member in pool.Members)
        {
            foreach (var report in Running(member))
            {
                var (address, trouble) = AddressOf(member, report.Snapshot);
                problem ??= trouble is null ? null : $"'{report.ResourceId}' {trouble}";

                // Replicas that cannot be told apart share the endpoint's own address.
                if (address is not null && !replicas.Exists(replica => replica.Address == address))
                {
                    replicas.Add(new(report.ResourceId, address, member.Weight, member.Priority, member.MaxConnections));
                }
            }
        }

        return replicas;
    }

    private IEnumerable<ResourceEvent> Running(PoolMember member) => _latest.Values
        .Where(report => report.Resource == member.Reported && IsRunning(report) && !(member.IsAlone && HasTurnedUnhealthy(report)))
        .OrderBy(report => report.ResourceId, StringComparer.Ordinal);

    private static bool IsRunning(ResourceEvent report) => string.Equals(report.Snapshot.State?.Text, KnownResourceStates.Running, StringComparison.OrdinalIgnoreCase);

    // Of several replicas all are reported alike, whichever failed; which one did the balancer's own checks find out.
    // One that starts is unhealthy until it is found healthy, and whoever is told so may ask at once: by then the
    // balancer must know it.
    private bool HasTurnedUnhealthy(ResourceEvent report) =>
        report.Snapshot.HealthStatus == HealthStatus.Unhealthy && _wereHealthy.Contains(report.ResourceId);

    private static (string? Address, string? Trouble) AddressOf(PoolMember member, CustomResourceSnapshot snapshot)
    {
        var endpoint = member.Endpoint.EndpointAnnotation;
        var value = snapshot.EnvironmentVariables.FirstOrDefault(variable => variable.Name == member.Variable)?.Value;
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return (Authority(HostOf(endpoint.TargetHost, endpoint, member.Resource), port), null);
        }

        var isProcess = member.Resource is ProjectResource or ExecutableResource;
        if (isProcess && snapshot.EnvironmentVariables.IsEmpty)
        {
            // The orchestrator has yet to report the environment; its next report is on the way.
            return (null, null);
        }

        if (endpoint.AllocatedEndpoint is not { } allocated)
        {
            return (null, $"runs without an address for its endpoint '{endpoint.Name}' and is left out");
        }

        return (
            Authority(member.Resource is ExternalBackend ? allocated.Address : HostOf(allocated.Address, endpoint, member.Resource), allocated.Port),
            isProcess ? $"does not tell its port in {member.Variable} and is reached through the endpoint '{endpoint.Name}', which its replicas share" : null);
    }

    // A project that listens on localhost listens on both loopbacks, and an IP address needs no lookup a connection.
    // Other programs take the one loopback that their runtime prefers, and a certificate is for the name. Over UDP no
    // connection tells which of the two it is, and runtimes that have to be told the family are told IPv4.
    private static string HostOf(string host, EndpointAnnotation endpoint, IResource resource) => host switch
    {
        "localhost" or "0.0.0.0" or "*" or "+" or "::" or "[::]" =>
            endpoint.Protocol == ProtocolType.Tcp && (endpoint.UriScheme == "https" || (resource is ExecutableResource and not LoadBalancerResource)) ? "localhost" : "127.0.0.1",
        _ => host,
    };

    private static string Authority(string host, int port) => host.Contains(':') && !host.StartsWith('[')
        ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}")
        : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
}
