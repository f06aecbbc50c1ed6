using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LoadBalancer.Server;

/// <summary>Traces, metrics and logs by OTLP, set up by the standard <c>OTEL_*</c> environment variables.</summary>
internal static class Telemetry
{
    public static void AddTelemetry(this WebApplicationBuilder builder, LoadBalancerOptions options, int adminPort)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
        {
            return;
        }

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
            {
                if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
                {
                    resource.AddService(options.Name);
                }
            })
            .WithTracing(tracing => tracing
                .AddSource(LoadBalancerTelemetry.Name)
                // The dashboard asks for health every few seconds; that is not the user's traffic.
                .AddAspNetCoreInstrumentation(http => http.Filter = context => context.Connection.LocalPort != adminPort)
                .AddHttpClientInstrumentation())
            .WithMetrics(metrics => metrics
                .AddMeter(LoadBalancerTelemetry.Name)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation())
            .UseOtlpExporter();
    }
}
