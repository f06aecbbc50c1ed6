using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4;
using LoadBalancer.Layer7;

namespace LoadBalancer.Server.Admin;

/// <summary>Commands, all behind the token: backends, faults, routes and the connection table.</summary>
internal static partial class AdminCommands
{
    internal const int DefaultRows = 100;
    internal const int MostRows = 10_000;

    // For people at a shell, and never shown as HTML (nosniff), so that a quote can stay a quote.
    private static readonly JsonTypeInfo<Problem> ReadableProblem =
        new CommandJsonContext(new(CommandJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).Problem;

    public static void MapCommands(this WebApplication app)
    {
        var admin = app.MapGroup("/admin");
        admin.MapPost("/pools/{pool}/backends/{backend}/drain", Handle((context, pool, backend) => Do(() => pool.Drain(backend))));
        admin.MapPost("/pools/{pool}/backends/{backend}/resume", Handle((context, pool, backend) => Do(() => pool.Resume(backend))));
        admin.MapPost("/pools/{pool}/backends/{backend}/eject", Handle((context, pool, backend) => Do(() => pool.Eject(backend, "ejected by command"))));
        admin.MapPost("/pools/{pool}/backends/{backend}/weight", Handle(SetWeightAsync));
        admin.MapPut("/pools/{pool}/backends/{backend}/faults", Handle(SetBackendFaultsAsync));
        admin.MapDelete("/pools/{pool}/backends/{backend}/faults", Handle((context, pool, backend) => Do(() => pool.SetFaults(backend, null))));
        admin.MapPut("/pools/{pool}/faults", HandlePool(SetPoolFaultsAsync));
        admin.MapDelete("/pools/{pool}/faults", HandlePool((context, pool) => Do(() => pool.SetFaults(null))));
        admin.MapRoutes();
        admin.MapPut("/pools/{pool}/policy", HandlePool(SetPolicyAsync));
        admin.MapDelete("/pools/{pool}/statistics", HandlePool((_, pool) => Do(pool.ResetStatistics)));
        admin.MapGet("/connections", Authorized(ListAsync));
        admin.MapDelete("/connections/{id}", Authorized(CloseAsync));
        admin.MapCacheCommands();
        admin.MapBalancerCommands();
    }

    private static async Task<Problem?> SetWeightAsync(HttpContext context, BackendPool pool, Backend backend)
    {
        var (command, problem) = await ReadAsync(context, CommandJsonContext.Default.WeightCommand);
        if (command is null)
        {
            return problem;
        }

        if (command.Weight is < 1 or > 256)
        {
            return Bad($"weight: '{command.Weight}' is out of range; must be 1 to 256");
        }

        pool.SetWeight(backend, command.Weight);
        return null;
    }

    private static async Task<Problem?> SetBackendFaultsAsync(HttpContext context, BackendPool pool, Backend backend)
    {
        var (faults, problem) = await ReadFaultsAsync(context, pool);
        if (faults is not null)
        {
            pool.SetFaults(backend, faults);
        }

        return problem;
    }

    private static async Task<Problem?> SetPoolFaultsAsync(HttpContext context, BackendPool pool)
    {
        var (faults, problem) = await ReadFaultsAsync(context, pool);
        if (faults is not null)
        {
            pool.SetFaults(faults);
        }

        return problem;
    }

    private static async Task<Problem?> SetPolicyAsync(HttpContext context, BackendPool pool)
    {
        var (command, problem) = await ReadAsync(context, CommandJsonContext.Default.PolicyCommand);
        if (command is null)
        {
            return problem;
        }

        // A number is as good as a name to the reader, also one that stands for nothing.
        if (!Enum.IsDefined(command.Policy))
        {
            return Bad($"policy: '{command.Policy}' is not a policy; must be one of {string.Join(", ", Enum.GetNames<SelectionPolicy>())}");
        }

        if (context.RequestServices.GetRequiredService<Layer4Balancer>().FindObjection(pool, command.Policy) is { } listener)
        {
            return Bad($"policy: '{command.Policy}' cannot be used: Layer 4 listener '{listener}' has Mode Nat, where the kernel picks");
        }

        pool.SetPolicy(command.Policy);
        return null;
    }

    private static async Task<(FaultOptions? Faults, Problem? Problem)> ReadFaultsAsync(HttpContext context)
    {
        var (faults, problem) = await ReadAsync(context, CommandJsonContext.Default.FaultOptions);
        return faults?.Validate().ToArray() is { Length: > 0 } errors ? (null, Bad(string.Join("; ", errors))) : (faults, problem);
    }

    // Layer 4 would act on every connection and leave out what it does not know.
    private static async Task<(FaultOptions? Faults, Problem? Problem)> ReadFaultsAsync(HttpContext context, BackendPool pool)
    {
        var (faults, problem) = await ReadFaultsAsync(context);
        return faults is not null && NeedsRequests(faults) is { } member && !HasRoute(context, pool)
            ? (null, Bad($"{member}: is for requests, and no Layer 7 route leads to pool '{pool.Name}'; must be left out"))
            : (faults, problem);
    }

    private static string? NeedsRequests(FaultOptions faults) =>
        faults.Status is not null ? "status" : faults.Percent != new FaultOptions().Percent ? "percent" : faults.Header is not null ? "header" : null;

    private static bool HasRoute(HttpContext context, BackendPool pool) =>
        context.RequestServices.GetRequiredService<Layer7Balancer>().GetStatistics().Routes
            .Any(route => Is(pool.Name, route.Pool) || route.Split.Any(share => Is(pool.Name, share.Pool)));

    private static Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var limit = DefaultRows;
        if (query["limit"].ToString() is { Length: > 0 } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MostRows))
        {
            return AnswerAsync(context, Bad($"limit: '{text}' is not allowed; must be 1 to {MostRows}"));
        }

        string[] known = ["listener", "pool", "backend", "client", "limit"];
        if (query.Keys.FirstOrDefault(key => !known.Contains(key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return AnswerAsync(context, Bad($"{unknown}: unknown filter; allowed are {string.Join(", ", known)}"));
        }

        var rows = context.RequestServices.GetRequiredService<Layer4Balancer>().Connections
            .Where(row => Is(row.Listener, query["listener"]) && Is(row.Pool, query["pool"])
                && (Is(row.Backend, query["backend"]) || Is(row.BackendAddress, query["backend"]))
                && (query["client"].ToString() is not { Length: > 0 } client || row.Client.StartsWith(client, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(row => row.Id)
            .ToArray();
        return AnswerAsync(context, new ConnectionList(rows.Length, rows[..Math.Min(limit, rows.Length)]), CommandJsonContext.Default.ConnectionList);
    }

    private static Task CloseAsync(HttpContext context)
    {
        var id = (string)context.GetRouteValue("id")!;
        if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !context.RequestServices.GetRequiredService<Layer4Balancer>().TryClose(number))
        {
            return AnswerAsync(context, Missing($"There is no connection '{id}'; GET /admin/connections lists them."));
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static bool Is(string? value, Microsoft.Extensions.Primitives.StringValues wanted) =>
        wanted.Count == 0 || wanted.ToString().Equals(value, StringComparison.OrdinalIgnoreCase);

    private static Task<Problem?> Do(Action command)
    {
        command();
        return Task.FromResult<Problem?>(null);
    }

    // What a command changes is what it answers with.
    private static RequestDelegate Handle(Func<HttpContext, BackendPool, Backend, Task<Problem?>> command) => HandlePool(async (context, pool) =>
    {
        // A path's %2F stays as it is, since it is no separator; here it is part of unix:/path.
        var id = Uri.UnescapeDataString((string)context.GetRouteValue("backend")!);
        var members = pool.Snapshot.Members;
        var backend = pool.Snapshot.Find(id) ?? members.FirstOrDefault(member => member.Name.Equals(id, StringComparison.OrdinalIgnoreCase));
        if (backend is null)
        {
            return Missing($"There is no backend '{id}' in pool '{pool.Name}'; it has {(members.IsEmpty ? "none" : string.Join(", ", members))}.");
        }

        if (await command(context, pool, backend) is { } problem)
        {
            return problem;
        }

        var answer = pool.GetStatistics().Backends.FirstOrDefault(statistics => statistics.Address == backend.Id);
        if (answer is not null)
        {
            await AnswerAsync(context, answer, CommandJsonContext.Default.BackendStatistics);
        }

        return null;
    });

    private static RequestDelegate HandlePool(Func<HttpContext, BackendPool, Task<Problem?>> command) => Authorized(async context =>
    {
        var name = (string)context.GetRouteValue("pool")!;
        var pools = context.RequestServices.GetRequiredService<BackendPools>();
        if (pools.Find(name) is not { } pool)
        {
            var known = pools.All.Select(known => known.Name).Order(StringComparer.Ordinal).ToArray();
            await AnswerAsync(context, Missing($"There is no pool '{name}'; there {(known.Length == 0 ? "is none" : $"are {string.Join(", ", known)}")}."));
            return;
        }

        if (await command(context, pool) is { } problem)
        {
            await AnswerAsync(context, problem);
        }
        else if (!context.Response.HasStarted)
        {
            await AnswerAsync(context, pool.GetStatistics(), CommandJsonContext.Default.PoolStatistics);
        }
    });

    internal static RequestDelegate Authorized(RequestDelegate next) => context =>
    {
        if (context.RequestServices.GetRequiredService<AdminToken>().IsIn(context.Request))
        {
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return AnswerAsync(context, new("Unauthorized", StatusCodes.Status401Unauthorized, "Commands need the header 'Authorization: Bearer <token>'; the token is LoadBalancer:Admin:Token, or the one that the log tells at start."));
    };

    private static async Task<(T? Body, Problem? Problem)> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) is { } body
                ? (body, null)
                : (null, Bad(Expected(type)));
        }
        catch (JsonException exception)
        {
            return (null, Bad($"{Explain(exception)}; {Expected(type)}"));
        }
    }

    // What is wrong with a value or a member .NET says with the names of its types.
    private static string Explain(JsonException exception) =>
        exception.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) && exception.Path is { } path
            ? $"{path.TrimStart('$', '.')}: the value does not fit".TrimStart(':', ' ')
            : UnknownMember().Match(exception.Message) is { Success: true } unknown ? $"{unknown.Groups["name"].Value}: unknown member"
            : exception.Message.Split(" Path: ")[0].TrimEnd('.');

    // One that is ignored has neither getter nor setter.
    private static string Expected(JsonTypeInfo type) => $"the body must be JSON with {string.Join(", ", type.Properties.Where(property => property.Get is not null).Select(Describe))}";

    private static string Describe(JsonPropertyInfo property) =>
        property.PropertyType.IsEnum ? $"{property.Name} ({string.Join(", ", Enum.GetNames(property.PropertyType))})" : property.Name;

    internal static Problem Bad(string detail) => new("Bad request", StatusCodes.Status400BadRequest, detail);

    internal static Problem Missing(string detail) => new("Not found", StatusCodes.Status404NotFound, detail);

    internal static Task AnswerAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsJsonAsync(problem, ReadableProblem, "application/problem+json");
    }

    internal static Task AnswerAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type) => context.Response.WriteAsJsonAsync(answer, type);

    [GeneratedRegex("^The JSON property '(?<name>[^']*)' could not be mapped")]
    private static partial Regex UnknownMember();
}
