using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration.Statistics;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The commands of a backend's row.</summary>
internal static class BackendCommands
{
    public const string Drain = "drain";
    public const string Resume = "resume";
    public const string Eject = "eject";
    public const string SetWeight = "set-weight";
    public const string SetFaults = "set-faults";
    public const string ClearFaults = "clear-faults";

    private const string Weight = "weight";

    public static void AddTo(LoadBalancerBackendResource row)
    {
        row.AddCommand(
            new(Drain, "Drain", "No new connections and requests; those it has may end.", "ArrowDownload") { IsHighlighted = true },
            state => state is not null and not BackendState.Draining,
            (client, replica, _, token) => client.DrainAsync(row.Pool, replica, token),
            row);
        row.AddCommand(
            new(Resume, "Resume", "Ends a drain or an ejection.", "Play") { IsHighlighted = true },
            state => state is BackendState.Draining or BackendState.Ejected,
            (client, replica, _, token) => client.ResumeAsync(row.Pool, replica, token),
            row);
        row.AddCommand(
            new(SetWeight, "Set weight", "Share of the work relative to the other backends.", "ScaleFill")
            {
                Arguments = [new() { Name = Weight, Label = "Weight, 1 to 256", InputType = InputType.Number, Required = true, Value = "1" }],
            },
            state => state is not null,
            (client, replica, arguments, token) => client.SetWeightAsync(row.Pool, replica, arguments.GetInt32(Weight), token),
            row);
        row.AddCommand(
            new(Eject, "Eject", "As if it had failed too often; it comes back by itself.", "PlugDisconnected"),
            state => state is BackendState.Healthy or BackendState.SlowStart,
            (client, replica, _, token) => client.EjectAsync(row.Pool, replica, token),
            row);
        row.AddCommand(
            new(SetFaults, "Switch faults on", "To see what clients make of a bad network, at this backend alone.", "Bug") { Arguments = FaultArguments.For(row.Parent) },
            state => state is not null,
            (client, replica, arguments, token) => client.SetFaultsAsync(row.Pool, replica, FaultArguments.Read(arguments), token),
            row);
        row.AddCommand(
            new(ClearFaults, "Switch faults off", "None of its own any more.", "BugProhibited"),
            state => state is not null,
            (client, replica, _, token) => client.SetFaultsAsync(row.Pool, replica, null, token),
            row);
    }

    private static void AddCommand(
        this LoadBalancerBackendResource row,
        CommandDescription command,
        Func<BackendState?, bool> isPossible,
        Func<LoadBalancerClient, string, InteractionInputCollection, CancellationToken, Task<BackendStatistics>> execute,
        LoadBalancerBackendResource backend) =>
        row.Annotations.Add(command.ToAnnotation(
            context => isPossible(BackendSnapshot.StateIn(context.ResourceSnapshot)) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            backend.Parent,
            async (client, context) =>
            {
                if (backend.Replica is not { } replica)
                {
                    throw new LoadBalancerCommandException($"No replica of '{backend.Member.Resource.Name}' has held this place yet.");
                }

                var after = await execute(client, replica, context.Arguments, context.CancellationToken);
                return CommandResults.Success($"{command.DisplayName}: {after.Name} is {after.State}, weight {after.Weight}.");
            }));
}
