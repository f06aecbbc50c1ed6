using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Admin;

/// <summary>What the admin endpoint answers.</summary>
internal static class AdminEndpoints
{
    public static void MapAdmin(this WebApplication app)
    {
        app.MapGet("/healthz", (BalancerService balancer) =>
            Results.Json(balancer.GetHealth(), StatisticsJsonContext.Default.HealthReport));
        app.MapGet("/stats", (BalancerService balancer) =>
            Results.Json(balancer.GetStatistics(), StatisticsJsonContext.Default.BalancerStatistics));
        app.MapGet("/events", LiveEvents.StreamAsync);
        app.MapLivePage();
    }
}
