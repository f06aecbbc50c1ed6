using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LoadGenerator;
using Microsoft.Extensions.DependencyInjection;

/// <summary>The tour in the dashboard: a command of the load generator for each step, and one for all.</summary>
internal static class TourCommands
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Ended = [KnownResourceStates.Exited, KnownResourceStates.Finished];

    public static IResourceBuilder<ProjectResource> WithTour(
        this IResourceBuilder<ProjectResource> generator,
        IResourceBuilder<Layer7LoadBalancerResource> edge,
        IResourceBuilder<Layer4LoadBalancerResource> wire)
    {
        generator
            .WithIconName("Map")
            // It is for whoever looks on at the machine where it runs.
            .ExcludeFromManifest()
            .WaitFor(edge)
            .WaitFor(wire)
            .WithEnvironment(context =>
            {
                var variables = context.EnvironmentVariables;
                variables["Tour__Edge"] = edge.GetEndpoint("http");
                variables["Tour__EdgeHttps"] = edge.GetEndpoint("https");
                variables["Tour__EdgeAdmin"] = edge.Resource.AdminEndpoint;
                variables["Tour__EdgeToken"] = edge.Resource.AdminTokenParameter!;
                variables["Tour__Wire"] = ReferenceExpression.Create($"http://{wire.GetListener("catalog").Property(EndpointProperty.HostAndPort)}");
                variables["Tour__WireTls"] = ReferenceExpression.Create($"https://{wire.GetListener("catalog-tls").Property(EndpointProperty.HostAndPort)}");
                variables["Tour__WireAdmin"] = wire.Resource.AdminEndpoint;
            })
            .WithCommand(TourSteps.Whole, "Whole tour", "MapDrive", isHighlighted: true);
        foreach (var step in TourSteps.All)
        {
            generator.WithCommand(step.Name, step.Title, "Play", isHighlighted: false);
        }

        return generator;
    }

    private static IResourceBuilder<ProjectResource> WithCommand(this IResourceBuilder<ProjectResource> generator, string step, string title, string icon, bool isHighlighted) =>
        generator.WithHttpCommand($"/tour/{step}", title, commandName: step, commandOptions: new()
        {
            IconName = icon,
            IsHighlighted = isHighlighted,
            Description = "What it does and finds is in the console log.",
            GetCommandResult = ReadAsync,
        });

    private static async Task<ExecuteCommandResult> ReadAsync(HttpCommandResultContext context)
    {
        var cancellation = context.CancellationToken;
        var answer = await context.Response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        if (!context.Response.IsSuccessStatusCode)
        {
            return CommandResults.Failure(answer.GetProperty("detail").GetString()!);
        }

        var steps = answer.EnumerateArray().ToArray();
        var failed = steps.Where(step => step.GetProperty("outcome").GetString() == "Failed")
            .Select(step => $"{step.GetProperty("name")}: {step.GetProperty("reason")}")
            .ToList();
        foreach (var replica in steps.SelectMany(step => step.GetProperty("killed").EnumerateArray()).Select(replica => replica.GetString()!))
        {
            if (!await StartAgainAsync(context.Services, replica, cancellation))
            {
                failed.Add($"{replica} was killed and could not be started again");
            }
        }

        return failed.Count == 0
            ? CommandResults.Success(string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", steps.Select(Sentence))}. More in the console log."))
            : CommandResults.Failure(string.Join("; ", failed));
    }

    private static string Sentence(JsonElement step) => $"{step.GetProperty("name")} {step.GetProperty("outcome").ToString().ToLowerInvariant()}";

    // The orchestrator finds out in its own time that a replica was killed, and starts only what has ended.
    private static async Task<bool> StartAgainAsync(IServiceProvider services, string replica, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            await foreach (var report in services.GetRequiredService<ResourceNotificationService>().WatchAsync(limit.Token))
            {
                if (report.ResourceId == replica && Ended.Contains(report.Snapshot.State?.Text))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }

        return (await services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(replica, KnownResourceCommands.StartCommand, cancellation)).Success;
    }
}
