using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Tests;

/// <summary>An application model that is looked at and never started.</summary>
internal static class Model
{
    public static IDistributedApplicationBuilder NewBuilder(params string[] args) =>
        DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });

    public static IResourceBuilder<ExecutableResource> AddProgram(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddExecutable(name, "program", ".");

    /// <summary>What the balancer would be told, with replicas that the test chooses.</summary>
    public static ConfigurationFile Describe<T>(this IResourceBuilder<T> balancer, params (string Pool, string Id, string Address)[] replicas)
        where T : LoadBalancerResource =>
        balancer.Resource.Describe(pool => [.. replicas.Where(replica => replica.Pool == pool.Name).Select(replica => new Replica(replica.Id, replica.Address))]);

    /// <summary>The environment variables that a resource is given, values as the orchestrator gets them.</summary>
    public static async Task<Dictionary<string, object>> EnvironmentOfAsync(IResource resource, DistributedApplicationOperation operation = DistributedApplicationOperation.Run)
    {
        var context = new EnvironmentCallbackContext(new DistributedApplicationExecutionContext(operation), resource);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return context.EnvironmentVariables;
    }

    /// <summary>A snapshot with what a health check found; Aspire lets nobody else say so.</summary>
    public static CustomResourceSnapshot WithHealth(this CustomResourceSnapshot snapshot, HealthStatus? health)
    {
        var changed = snapshot with { };
        typeof(CustomResourceSnapshot).GetProperty(nameof(CustomResourceSnapshot.HealthReports))!
            .SetValue(changed, ImmutableArray.Create(new HealthReportSnapshot("check", health, null, null)));
        return changed;
    }

    public static string ExpressionOf(object value) => Assert.IsType<IManifestExpressionProvider>(value, exactMatch: false).ValueExpression;
}
