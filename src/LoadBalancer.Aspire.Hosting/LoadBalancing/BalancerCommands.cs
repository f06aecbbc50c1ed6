using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The commands of a balancer, as many as apply to what it has.</summary>
internal static class BalancerCommands
{
    public const string SetPolicy = "set-policy";
    public const string SetShare = "set-share";
    public const string SetFaults = "set-faults";
    public const string ClearFaults = "clear-faults";
    public const string PurgeCache = "purge-cache";
    public const string ResetStatistics = "reset-statistics";
    public const string ShowConfiguration = "show-configuration";

    private const string Pool = "pool";
    private const string Policy = "policy";
    private const string Route = "route";
    private const string Percent = "percent";
    private const string Place = "place";
    private const string Path = "path";
    private const string Tag = "tag";
    private const string All = "all";

    /// <summary>Adds them, once listeners, routes and pools are final.</summary>
    public static void AddTo(LoadBalancerResource balancer)
    {
        if (balancer.Pools.Count > 0)
        {
            balancer.AddCommand(
                new(SetPolicy, "Switch policy", "How the backends of a pool are picked, from the next pick on.", "ArrowShuffle")
                {
                    Arguments = [Choices.Pool(Pool, "Pool", balancer), Choices.Policy(Policy, "Policy")],
                },
                SetPolicyAsync);
        }

        if (balancer is Layer7LoadBalancerResource { Routes.Count: > 0, Pools.Count: > 1 } layer7)
        {
            balancer.AddCommand(
                new(SetShare, "Set canary share", "How many of a route's requests go to another pool; the route's own pool gets the rest.", "ArrowSplit")
                {
                    Arguments =
                    [
                        Choices.Route(Route, "Route", layer7),
                        OthersFirst(Choices.Pool(Pool, "Pool that gets a share", balancer)),
                        new() { Name = Percent, Label = "Percent", Description = "0 to 100; 0 takes its share away", InputType = InputType.Number, Required = true },
                    ],
                },
                SetShareAsync);
        }

        var places = FaultPlace.Of(balancer).Select(place => KeyValuePair.Create(place.Key, Capital(place.ToString()))).ToArray();
        if (places.Length > 0)
        {
            balancer.AddCommand(
                new(SetFaults, "Switch faults on", "To see what clients make of a bad network: at every backend of a pool, or at a route. A backend's own row has the same for it alone.", "Bug")
                {
                    Arguments = [Choices.Of(Place, "Where", places), .. FaultArguments.For(balancer)],
                },
                SetFaultsAsync);
            balancer.AddCommand(
                new(ClearFaults, "Switch faults off", "Those of a pool or a route, or all there are, at backends as well.", "BugProhibited")
                {
                    Arguments = [Everything(Choices.Of(Place, "Where", [KeyValuePair.Create(All, "Everywhere"), .. places]))],
                },
                ClearFaultsAsync);
        }

        if (balancer is Layer7LoadBalancerResource caching && caching.Routes.Values.Any(route => route.Cache is not null))
        {
            balancer.AddCommand(
                new(PurgeCache, "Purge cache", "Removes stored answers: all of them, or those of a path or with a tag.", "Broom")
                {
                    Arguments =
                    [
                        new() { Name = Path, Label = "Path", Description = "such as /about, or /about* for all that begin so; empty for every path", InputType = InputType.Text },
                        new() { Name = Tag, Label = "Tag", Description = "empty for every tag and none", InputType = InputType.Text },
                    ],
                },
                PurgeCacheAsync);
        }

        balancer.AddCommand(
            new(ResetStatistics, "Reset statistics", "Counters begin anew. What is active, stored or remembered stays, and so do the dashboard's metrics.", "ArrowReset")
            {
                Arguments = [Everything(Choices.Of(Pool, "Of", [KeyValuePair.Create(All, "Everything"), .. balancer.Pools.Select(pool => KeyValuePair.Create(pool.Name, $"Pool '{pool.Name}'"))]))],
            },
            ResetStatisticsAsync);
        balancer.AddCommand(
            new(ShowConfiguration, "Show configuration", "What is in force, with what commands have changed and without secrets.", "DocumentText"),
            async (client, context) => CommandResults.Success(
                "The configuration in force.", await client.GetConfigurationAsync(context.CancellationToken), CommandResultFormat.Json, displayImmediately: true));
    }

    private static async Task<ExecuteCommandResult> SetPolicyAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        var (pool, policy) = (context.Arguments.GetString(Pool)!, ReadPolicy(context.Arguments.GetString(Policy)));
        var before = (await client.GetStatisticsAsync(context.CancellationToken)).Pools.FirstOrDefault(known => IsSame(known.Name, pool))?.Policy;
        var after = await client.SetPolicyAsync(pool, policy, context.CancellationToken);
        var own = WithPolicyOfTheirOwn(await client.GetStatisticsAsync(context.CancellationToken), after);
        return CommandResults.Success(
            $"Pool '{after.Name}' picks by {after.Policy}, {(before == after.Policy ? "as before" : $"before by {before}")}.{(own.Length == 0 ? "" : $" What has a policy of its own keeps it: {string.Join(", ", own)}.")}");
    }

    private static string[] WithPolicyOfTheirOwn(BalancerStatistics statistics, PoolStatistics pool) =>
    [
        .. statistics.Layer4.Listeners.Where(listener => IsSame(listener.Pool, pool.Name) && listener.Policy != pool.Policy).Select(listener => $"listener '{listener.Name}'"),
        .. statistics.Layer7.Routes.Where(route => IsSame(route.Pool, pool.Name) && route.Policy != pool.Policy).Select(route => $"route '{route.Name}'"),
    ];

    // Others of the route keep their shares; those that would be too much then are refused by the balancer.
    private static async Task<ExecuteCommandResult> SetShareAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        var (name, pool, percent) = (context.Arguments.GetString(Route)!, context.Arguments.GetString(Pool)!, ReadPercent(context.Arguments.GetString(Percent)));
        var routes = (await client.GetStatisticsAsync(context.CancellationToken)).Layer7.Routes;
        var route = routes.FirstOrDefault(known => IsSame(known.Name, name))
            ?? throw new LoadBalancerCommandException($"There is no route '{name}'; there are {string.Join(", ", routes.Select(known => known.Name))}.");
        var shares = route.Split.Where(share => !IsSame(share.Pool, route.Pool)).ToDictionary(share => share.Pool, share => share.Percent, StringComparer.OrdinalIgnoreCase);
        if (IsSame(pool, route.Pool))
        {
            throw new LoadBalancerCommandException($"'{pool}' is the own pool of route '{route.Name}', which gets the rest; must be another.");
        }

        shares[pool] = percent;
        var after = await client.SetSplitAsync(route.Name, shares, context.CancellationToken);
        return CommandResults.Success($"Route '{after.Name}': {string.Join(", ", after.Split.Select(share => $"{share.Percent} % to '{share.Pool}'"))}.");
    }

    private static async Task<ExecuteCommandResult> SetFaultsAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        var (place, faults) = (FaultPlace.Parse(context.Arguments.GetString(Place)), FaultArguments.Read(context.Arguments));
        await place.SetAsync(client, faults, context.CancellationToken);
        return CommandResults.Success($"Faults at {place}: {faults}.");
    }

    private static async Task<ExecuteCommandResult> ClearFaultsAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        if (context.Arguments.GetString(Place) is { Length: > 0 } key && key != All)
        {
            var place = FaultPlace.Parse(key);
            await place.SetAsync(client, null, context.CancellationToken);
            return CommandResults.Success($"No faults at {place} any more.");
        }

        var over = new List<string>();
        var statistics = await client.GetStatisticsAsync(context.CancellationToken);
        FaultPlace[] places =
        [
            .. statistics.Pools.Where(pool => pool.Faults is not null).Select(pool => new FaultPlace(false, pool.Name)),
            .. statistics.Layer7.Routes.Where(route => route.Faults is not null).Select(route => new FaultPlace(true, route.Name)),
        ];
        foreach (var place in places)
        {
            await place.SetAsync(client, null, context.CancellationToken);
            over.Add($"{place}");
        }

        foreach (var (pool, backend) in statistics.Pools.SelectMany(pool => pool.Backends.Where(backend => backend.Faults is not null).Select(backend => (pool.Name, backend))))
        {
            await client.SetFaultsAsync(pool, backend.Address, null, context.CancellationToken);
            over.Add($"backend '{backend.Name}'");
        }

        return CommandResults.Success(over.Count == 0 ? "There were no faults." : $"No faults any more at {string.Join(", ", over)}.");
    }

    private static async Task<ExecuteCommandResult> PurgeCacheAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        var (path, tag) = (TextOf(context.Arguments, Path), TextOf(context.Arguments, Tag));
        var removed = await client.PurgeCacheAsync(path, tag, cancellationToken: context.CancellationToken);
        var which = string.Join(" and ", new[] { path is null ? null : $"of '{path}'", tag is null ? null : $"with the tag '{tag}'" }.OfType<string>());
        return CommandResults.Success($"{removed} stored {(removed == 1 ? "answer" : "answers")}{(which.Length == 0 ? "" : $" {which}")} removed.");
    }

    private static async Task<ExecuteCommandResult> ResetStatisticsAsync(LoadBalancerClient client, ExecuteCommandContext context)
    {
        if (TextOf(context.Arguments, Pool) is { } pool && pool != All)
        {
            return CommandResults.Success($"The statistics of pool '{(await client.ResetStatisticsAsync(pool, context.CancellationToken)).Name}' begin anew.");
        }

        await client.ResetStatisticsAsync(context.CancellationToken);
        return CommandResults.Success("All statistics begin anew.");
    }

    // The dashboard chooses the first of each list; a route's own pool, which cannot be meant, is mostly at the same place.
    private static InteractionInput OthersFirst(InteractionInput input)
    {
        input.Options = [.. input.Options!.Reverse()];
        return input;
    }

    private static InteractionInput Everything(InteractionInput input)
    {
        input.Value = All;
        return input;
    }

    private static SelectionPolicy ReadPolicy(string? text) =>
        Enum.GetNames<SelectionPolicy>().FirstOrDefault(name => IsSame(name, text)) is { } policy
            ? Enum.Parse<SelectionPolicy>(policy)
            : throw new LoadBalancerCommandException($"policy: '{text}' is not a policy; must be one of {string.Join(", ", Enum.GetNames<SelectionPolicy>())}.");

    private static int ReadPercent(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent <= 100
            ? percent
            : throw new LoadBalancerCommandException($"percent: '{text}' is not allowed; must be a whole number from 0 to 100.");

    private static string? TextOf(InteractionInputCollection arguments, string name) =>
        arguments.TryGetByName(name, out var input) && !string.IsNullOrWhiteSpace(input.Value) ? input.Value : null;

    private static bool IsSame(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static void AddCommand(this LoadBalancerResource balancer, CommandDescription command, Func<LoadBalancerClient, ExecuteCommandContext, Task<ExecuteCommandResult>> execute) =>
        balancer.Annotations.Add(command.ToAnnotation(
            context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            balancer,
            execute));
}
