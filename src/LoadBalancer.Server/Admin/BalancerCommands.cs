using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Admin;

/// <summary>Commands that concern the whole balancer: its statistics and its configuration.</summary>
internal static class BalancerCommands
{
    public static void MapBalancerCommands(this RouteGroupBuilder admin)
    {
        admin.MapDelete("/statistics", AdminCommands.Authorized(ResetAsync));
        admin.MapGet("/configuration", AdminCommands.Authorized(ShowAsync));
    }

    private static Task ResetAsync(HttpContext context)
    {
        var balancer = context.RequestServices.GetRequiredService<BalancerService>();
        balancer.ResetStatistics();
        return AdminCommands.AnswerAsync(context, balancer.GetStatistics(withConnections: false), StatisticsJsonContext.Default.BalancerStatistics);
    }

    private static Task ShowAsync(HttpContext context)
    {
        var file = new ConfigurationFile
        {
            LoadBalancer = context.RequestServices.GetRequiredService<BalancerService>().GetOptions(),
            Services = ReadServices(context.RequestServices.GetRequiredService<IConfiguration>()),
        };
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(file.ToJsonWithoutSecrets());
    }

    // As discovery sees them: the file with the environment variables over it.
    private static Dictionary<string, Dictionary<string, string[]>> ReadServices(IConfiguration configuration) =>
        configuration.GetSection(LoadBalancerOptions.ServicesSectionName).GetChildren().ToDictionary(
            service => service.Key,
            service => service.GetChildren().ToDictionary(endpoint => endpoint.Key, AddressesOf, StringComparer.OrdinalIgnoreCase),
            StringComparer.OrdinalIgnoreCase);

    private static string[] AddressesOf(IConfigurationSection endpoint) =>
        [.. endpoint.GetChildren().Append(endpoint).Select(address => address.Value).Where(address => !string.IsNullOrEmpty(address)).OfType<string>()];
}
