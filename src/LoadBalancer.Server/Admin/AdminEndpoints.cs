using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Admin;

/// <summary>What the admin endpoint answers.</summary>
internal static class AdminEndpoints
{
    private const string MetricsPath = "/metrics";

    public static void MapAdmin(this WebApplication app)
    {
        app.MapGet("/healthz", (BalancerService balancer) =>
            Results.Json(balancer.GetHealth(), StatisticsJsonContext.Default.HealthReport));
        app.MapGet("/stats", (BalancerService balancer) =>
            Results.Json(balancer.GetStatistics(), StatisticsJsonContext.Default.BalancerStatistics));
        app.MapGet("/events", LiveEvents.StreamAsync);
        app.MapLivePage();
    }

    /// <summary>Adds what Prometheus reads, or says how to have it.</summary>
    public static void MapMetrics(this WebApplication app, bool isOn)
    {
        if (isOn)
        {
            app.MapPrometheusScrapingEndpoint(MetricsPath);
        }
        else
        {
            app.MapGet(MetricsPath, (HttpContext context) => AdminCommands.AnswerAsync(
                context, AdminCommands.Missing("Metrics in Prometheus' format are off; LoadBalancer:Admin:PrometheusMetrics switches them on, at the next start.")));
        }
    }
}
