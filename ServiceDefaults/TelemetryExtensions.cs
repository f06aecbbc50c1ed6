using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace ServiceDefaults;

/// <summary>OpenTelemetry for every process, the balancers included.</summary>
public static class TelemetryExtensions
{
    /// <summary>Adds traces, metrics and logs, exported by OTLP where the standard <c>OTEL_*</c> variables say so.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="isServerTraced">Which incoming requests get a span.</param>
    /// <param name="isClientTraced">Which outgoing requests get a span.</param>
    /// <param name="sources">Names of the application's own activity sources and meters.</param>
    public static void AddTelemetry(
        this IHostApplicationBuilder builder,
        Func<HttpContext, bool> isServerTraced,
        Func<HttpRequestMessage, bool> isClientTraced,
        params string[] sources)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // Without an endpoint the exporter would try its default one for the life of the process. And where nobody gets
        // them, nothing is collected: spans and measurements cost a proxy more than the rest of a request.
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeters(sources))
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation(options => options.Filter = isServerTraced)
                .AddHttpClientInstrumentation(options => options.FilterHttpRequestMessage = isClientTraced)
                .AddSource(sources))
            .UseOtlpExporter();
    }

    /// <summary>Adds what every process measures: requests, connections and the runtime.</summary>
    /// <param name="metrics">Where they are collected.</param>
    /// <param name="sources">Names of the application's own meters.</param>
    /// <returns>The same.</returns>
    public static MeterProviderBuilder AddMeters(this MeterProviderBuilder metrics, params string[] sources)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        return metrics.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddMeter(sources);
    }
}
