using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Whether a pool of a balancer has a healthy backend.</summary>
internal sealed class PoolHealthCheck(LoadBalancerResource balancer, BackendPool pool) : IHealthCheck
{
    public static string KeyOf(LoadBalancerResource balancer, BackendPool pool) => $"{balancer.Name}_{pool.Name}_pool_check";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        PoolStatistics? found;
        try
        {
            using var client = await balancer.CreateClientAsync(cancellationToken);
            found = (await client.GetStatisticsAsync(cancellationToken)).Pools.FirstOrDefault(candidate => pool.HasName(candidate.Name));
        }
        catch (HttpRequestException e)
        {
            return HealthCheckResult.Unhealthy($"Pool '{pool.Name}': '{balancer.Name}' does not answer: {e.Message}");
        }

        return Judge(found);
    }

    internal HealthCheckResult Judge(PoolStatistics? found)
    {
        var backends = found?.Backends ?? [];
        var healthy = backends.Count(backend => backend.State is BackendState.Healthy or BackendState.SlowStart);
        return healthy > 0 ? HealthCheckResult.Healthy($"Pool '{pool.Name}': {healthy} of {backends.Count} backends healthy, {Choices.Words(found!.Policy.ToString())}.")
            : Array.Find([.. pool.Members], member => WaitsFor(member.Resource, balancer, [])) is { } waiting
                ? HealthCheckResult.Healthy($"Pool '{pool.Name}' has no healthy backend; '{waiting.Resource.Name}' waits for '{balancer.Name}' itself.")
                : HealthCheckResult.Unhealthy($"Pool '{pool.Name}' has no healthy backend: {(backends.Count == 0 ? $"no replica of {string.Join(", ", pool.Members.Select(member => $"'{member.Resource.Name}'"))} runs" : string.Join("; ", backends.Select(Describe)))}.");
    }

    // Each would wait for the other for ever.
    private static bool WaitsFor(IResource resource, IResource other, HashSet<IResource> seen) =>
        seen.Add(resource)
        && resource.Annotations.OfType<WaitAnnotation>().Any(wait => wait.Resource == other || WaitsFor(wait.Resource, other, seen));

    private static string Describe(BackendStatistics backend) =>
        $"'{backend.Name}' is {Choices.Words(backend.State.ToString()).ToLowerInvariant()}{((backend.LastError ?? backend.Reason) is { } reason ? $" ({reason})" : "")}";
}
