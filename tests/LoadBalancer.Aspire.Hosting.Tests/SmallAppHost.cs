using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Tests;

/// <summary>An AppHost that runs for real, with what a test puts in.</summary>
internal static class SmallAppHost
{
    /// <summary>A builder without resources. Of the sample only what finds the orchestrator is needed.</summary>
    public static async Task<IDistributedApplicationTestingBuilder> NewBuilderAsync(CancellationToken cancellationToken, params string[] args)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(args, cancellationToken);
        builder.Resources.Clear();
        // Those of the sample's balancers have names that a test's may have.
        builder.Services.Configure<HealthCheckServiceOptions>(checks => checks.Registrations.Clear());
        builder.Services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        return builder;
    }

    public static async Task<DistributedApplication> StartAsync(this IDistributedApplicationTestingBuilder builder, CancellationToken cancellationToken)
    {
        foreach (var resource in builder.Resources.OfType<IResourceWithEnvironment>())
        {
            // There is no dashboard here to offer telemetry to.
            resource.Annotations.Add(new EnvironmentCallbackAnnotation(context => context.EnvironmentVariables["OTEL_EXPORTER_OTLP_ENDPOINT"] = ""));
        }

        var app = await builder.BuildAsync(cancellationToken);
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>A sample service as a program of its own, which can have one replica.</summary>
    public static IResourceBuilder<ExecutableResource> AddSample(this IDistributedApplicationBuilder builder, string name, string sample) =>
        builder.AddExecutable(name, "dotnet", ".", "exec", Samples.Assembly(sample)).WithEnvironment("OTEL_SERVICE_NAME", name);

    /// <summary>Waits until a balancer answers and each of its pools has as many healthy backends as it should.</summary>
    public static async Task WaitForBackendsAsync(this DistributedApplication app, string balancer, int count, CancellationToken cancellationToken)
    {
        await app.ResourceNotifications.WaitForResourceAsync(balancer, report => report.Snapshot.HealthStatus == HealthStatus.Healthy, cancellationToken);
        using var client = await app.CreateLoadBalancerClientAsync(balancer, cancellationToken);
        await Eventually.GetAsync(
            () => client.GetStatisticsAsync(cancellationToken),
            statistics => statistics.Pools.All(pool => pool.Healthy == count),
            AppHostFixture.StartDeadline);
    }

    /// <summary>The environment variables that a resource was started with.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> EnvironmentOfAsync(this DistributedApplication app, string resource, CancellationToken cancellationToken)
    {
        var report = await app.ResourceNotifications.WaitForResourceAsync(resource, report => !report.Snapshot.EnvironmentVariables.IsEmpty, cancellationToken);
        return report.Snapshot.EnvironmentVariables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.OrdinalIgnoreCase);
    }
}
