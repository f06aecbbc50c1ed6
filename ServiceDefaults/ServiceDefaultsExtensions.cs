using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace ServiceDefaults;

/// <summary>What every process of the application has in common.</summary>
public static class ServiceDefaultsExtensions
{
    private const string LiveTag = "live";

    /// <summary>Adds telemetry, health checks, service discovery for <see cref="HttpClient"/> and <see cref="ReplicaIdentity"/>.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="telemetrySources">Names of the application's own activity sources and meters.</param>
    /// <typeparam name="TBuilder">The kind of application.</typeparam>
    /// <returns>The same builder.</returns>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, params string[] telemetrySources)
        where TBuilder : IHostApplicationBuilder
    {
        // Whoever asks for health asks often; that is not the user's traffic.
        builder.AddTelemetry(
            context => !HealthPaths.Contains(context.Request.Path),
            request => !HealthPaths.Contains(request.RequestUri?.AbsolutePath),
            telemetrySources);
        builder.Services.AddSingleton(ReplicaIdentity.Read(builder.Configuration, builder.Environment));
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        return builder;
    }

    /// <summary>
    /// Maps <c>/health</c> (every check passes: ready for work) and <c>/alive</c> (the process answers).
    /// They are there in every environment, since a balancer in front asks for them.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <returns>The same application.</returns>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks(HealthPaths.Health).DisableHttpMetrics();
        app.MapHealthChecks(HealthPaths.Alive, new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag) }).DisableHttpMetrics();
        return app;
    }
}
