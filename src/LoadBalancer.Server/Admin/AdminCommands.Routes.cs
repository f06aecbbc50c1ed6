using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer7;

namespace LoadBalancer.Server.Admin;

/// <summary>Commands that concern routes of Layer 7.</summary>
internal static partial class AdminCommands
{
    private static void MapRoutes(this RouteGroupBuilder admin)
    {
        admin.MapGet("/routes", Authorized(context =>
            AnswerAsync(context, new RouteList(context.RequestServices.GetRequiredService<Layer7Balancer>().GetStatistics().Routes), CommandJsonContext.Default.RouteList)));
        admin.MapPut("/routes/{route}/split", HandleRoute(SplitAsync));
        admin.MapPut("/routes/{route}/faults", HandleRoute(SetRouteFaultsAsync));
        admin.MapDelete("/routes/{route}/faults", HandleRoute((context, layer7, route) => Do(() => layer7.TrySetFaults(route, null))));
    }

    private static async Task<Problem?> SplitAsync(HttpContext context, Layer7Balancer layer7, string route)
    {
        var (command, problem) = await ReadAsync(context, CommandJsonContext.Default.SplitCommand);
        return command is null ? problem : layer7.SetSplit(route, command) is { Count: > 0 } errors ? Bad(string.Join("; ", errors)) : null;
    }

    private static async Task<Problem?> SetRouteFaultsAsync(HttpContext context, Layer7Balancer layer7, string route)
    {
        var (faults, problem) = await ReadFaultsAsync(context);
        if (faults is not null)
        {
            layer7.TrySetFaults(route, faults);
        }

        return problem;
    }

    private static RequestDelegate HandleRoute(Func<HttpContext, Layer7Balancer, string, Task<Problem?>> command) => Authorized(async context =>
    {
        var name = (string)context.GetRouteValue("route")!;
        var layer7 = context.RequestServices.GetRequiredService<Layer7Balancer>();
        if (layer7.FindRoute(name) is null)
        {
            var known = layer7.GetStatistics().Routes.Select(route => route.Name).ToArray();
            await AnswerAsync(context, Missing($"There is no route '{name}'; there {(known.Length == 0 ? "is none" : $"are {string.Join(", ", known)}")}."));
            return;
        }

        if (await command(context, layer7, name) is { } problem)
        {
            await AnswerAsync(context, problem);
        }
        else if (layer7.FindRoute(name) is { } route)
        {
            await AnswerAsync(context, route, CommandJsonContext.Default.RouteStatistics);
        }
    });
}
