using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

// The pipeline is experimental in Aspire 13.5; there is no other way to publish.
#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004

/// <summary>Writes balancers as resources of the Gateway API, in a step of Aspire's pipeline.</summary>
internal static partial class GatewayPublisher
{
    public const string StepName = "gateway-api";

    /// <summary>Puts a Gateway in the place of the balancer's container, when the AppHost is published.</summary>
    [AspireExportIgnore(Reason = "Not part of the public API.")]
    public static IResourceBuilder<T> AsPublishedGateway<T>(this IResourceBuilder<T> builder, GatewayApiOptions options)
        where T : LoadBalancerResource
    {
        var (application, balancer) = (builder.ApplicationBuilder, builder.Resource);
        if (!application.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        if (PublishedBalancers.Of(application.Services).All.All(other => other.GatewayApi is null))
        {
            application.Pipeline.AddStep(StepName, WriteAsync, requiredBy: WellKnownPipelineSteps.Publish);
        }

        balancer.GatewayApi = options with { Host = balancer.GatewayApi?.Host ?? GatewayApiOptions.HostParameter(application.Configuration, balancer.Name) };
        foreach (var container in application.Resources.Where(resource => resource.Name == balancer.Name).ToArray())
        {
            application.Resources.Remove(container);
        }

        return builder;
    }

    private static async Task WriteAsync(PipelineStepContext context)
    {
        var folder = Path.Combine(context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory(), StepName);
        Directory.CreateDirectory(folder);
        var services = new GatewayServices(context.Model);
        foreach (var balancer in context.Services.GetRequiredService<PublishedBalancers>().All.Where(balancer => balancer.GatewayApi is not null))
        {
            var path = Path.Combine(folder, $"{balancer.Name}.yaml");
            var (text, notes) = Describe(balancer, services);
            await File.WriteAllTextAsync(path, text, context.CancellationToken);
            foreach (var note in notes)
            {
                LogNote(context.Logger, balancer.Name, note);
            }

            LogWritten(context.Logger, balancer.Name, path);
            context.Summary.Add($"Gateway API, {balancer.Name}", path);
        }
    }

    private static (string Yaml, IEnumerable<string> Notes) Describe(LoadBalancerResource balancer, GatewayServices services)
    {
        var target = balancer.GatewayApi!;
        var notes = new List<string>();
        var model = new GatewayModel(
            balancer.Name,
            balancer.Outline(),
            GatewayPorts.Of(balancer),
            balancer.Pools.ToDictionary(pool => pool.Name, pool => services.PoolOf(pool, target, notes), StringComparer.OrdinalIgnoreCase),
            target);
        notes.AddRange(GatewayPorts.NotesOn(balancer));
        var resources = GatewayMapping.Of(model);
        IReadOnlyList<GatewayResource> all = [resources[0] with { Notes = [.. notes, .. resources[0].Notes] }, .. resources.Skip(1)];
        return (GatewayYaml.Of(model, all), all.SelectMany(resource => resource.Notes));
    }

    [LoggerMessage(EventId = 512, Level = LogLevel.Warning, Message = "Load balancer '{Balancer}' as a Gateway: {Note}")]
    private static partial void LogNote(ILogger log, string balancer, string note);

    [LoggerMessage(EventId = 513, Level = LogLevel.Information, Message = "Load balancer '{Balancer}' as a Gateway: {Path}")]
    private static partial void LogWritten(ILogger log, string balancer, string path);
}
