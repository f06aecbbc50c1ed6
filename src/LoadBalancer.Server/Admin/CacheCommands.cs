using System.Globalization;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer7;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Server.Admin;

/// <summary>Commands for the answers that Layer 7 keeps: list them, remove them.</summary>
internal static class CacheCommands
{
    private static readonly string[] Filters = ["path", "tag", "route"];

    public static void MapCacheCommands(this RouteGroupBuilder admin)
    {
        admin.MapGet("/cache", AdminCommands.Authorized(ListAsync));
        admin.MapDelete("/cache", AdminCommands.Authorized(PurgeAsync));
    }

    private static Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var limit = AdminCommands.DefaultRows;
        if (query["limit"].ToString() is { Length: > 0 } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > AdminCommands.MostRows))
        {
            return AdminCommands.AnswerAsync(context, AdminCommands.Bad($"limit: '{text}' is not allowed; must be 1 to {AdminCommands.MostRows}"));
        }

        if (Check(context, [.. Filters, "limit"]) is { } problem)
        {
            return AdminCommands.AnswerAsync(context, problem);
        }

        var answers = Layer7(context).ListCache(Text(query["path"]), Text(query["tag"]), Text(query["route"]));
        return AdminCommands.AnswerAsync(context, new CacheList(answers.Count, [.. answers.Take(limit)]), CommandJsonContext.Default.CacheList);
    }

    private static Task PurgeAsync(HttpContext context)
    {
        if (Check(context, Filters) is { } problem)
        {
            return AdminCommands.AnswerAsync(context, problem);
        }

        var query = context.Request.Query;
        var removed = Layer7(context).PurgeCache(Text(query["path"]), Text(query["tag"]), Text(query["route"]));
        return AdminCommands.AnswerAsync(context, new CachePurge(removed), CommandJsonContext.Default.CachePurge);
    }

    // A condition that is misspelt or empty must not make a purge of a part one of the whole.
    private static Problem? Check(HttpContext context, string[] known)
    {
        foreach (var (name, value) in context.Request.Query)
        {
            if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                return AdminCommands.Bad($"{name}: unknown filter; allowed are {string.Join(", ", known)}");
            }

            if (value.Count != 1 || string.IsNullOrEmpty(value[0]))
            {
                return AdminCommands.Bad($"{name}: must have one value");
            }
        }

        if (Text(context.Request.Query["path"]) is { } path && path[0] != '/')
        {
            return AdminCommands.Bad($"path: '{path}' is not allowed; must begin with '/', and may end with '*' for all that begin so");
        }

        var caching = Layer7(context).CachingRoutes;
        return Text(context.Request.Query["route"]) is not { } route || caching.Contains(route, StringComparer.OrdinalIgnoreCase)
            ? null
            : AdminCommands.Missing($"There is no route '{route}' with a cache; there {(caching.Count == 0 ? "is none" : $"are {string.Join(", ", caching)}")}.");
    }

    private static Layer7Balancer Layer7(HttpContext context) => context.RequestServices.GetRequiredService<Layer7Balancer>();

    private static string? Text(StringValues value) => value.Count == 0 ? null : value.ToString();
}
