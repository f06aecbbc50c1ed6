using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>How a command looks in the dashboard.</summary>
/// <param name="Name">What it is called by programs.</param>
/// <param name="DisplayName">What it is called by people.</param>
/// <param name="Description">What it does.</param>
/// <param name="IconName">A Fluent UI icon.</param>
internal sealed partial record CommandDescription(string Name, string DisplayName, string Description, string IconName)
{
    public IReadOnlyList<InteractionInput> Arguments { get; init; } = [];

    /// <summary>Whether it has a button of its own in the row.</summary>
    public bool IsHighlighted { get; init; }

    /// <summary>The command, carried out by a balancer's admin endpoint; the resource's log tells of it and of refusals.</summary>
    public ResourceCommandAnnotation ToAnnotation(
        Func<UpdateCommandStateContext, ResourceCommandState> stateOf,
        LoadBalancerResource balancer,
        Func<LoadBalancerClient, ExecuteCommandContext, Task<ExecuteCommandResult>> execute) =>
        new(
            Name,
            DisplayName,
            stateOf,
            context => ExecuteAsync(context, balancer, execute),
            Description,
            Arguments,
            confirmationMessage: null,
            IconName,
            IconVariant.Regular,
            IsHighlighted);

    private async Task<ExecuteCommandResult> ExecuteAsync(ExecuteCommandContext context, LoadBalancerResource balancer, Func<LoadBalancerClient, ExecuteCommandContext, Task<ExecuteCommandResult>> execute)
    {
        try
        {
            if (!balancer.AdminEndpoint.IsAllocated)
            {
                throw new LoadBalancerCommandException($"'{balancer.Name}' has not started.");
            }

            using var client = await balancer.CreateClientAsync(context.CancellationToken);
            var result = await execute(client, context);
            Log.Done(context.Logger, result.Message);
            return result;
        }
        catch (Exception e) when (e is LoadBalancerCommandException or HttpRequestException)
        {
            var reason = e is LoadBalancerCommandException ? e.Message : $"'{balancer.Name}' does not answer: {e.Message}";
            Log.Refused(context.Logger, DisplayName, reason);
            return CommandResults.Failure(reason);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 508, Level = LogLevel.Information, Message = "{Message}")]
        public static partial void Done(ILogger log, string? message);

        [LoggerMessage(EventId = 509, Level = LogLevel.Warning, Message = "{Command} was refused: {Reason}")]
        public static partial void Refused(ILogger log, string command, string reason);
    }
}
