using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Makes a container of a balancer in what is published.</summary>
internal static partial class ContainerBuilder
{
    /// <summary>Ports below this one may need more than a container's user has.</summary>
    public const int FirstUnprivilegedPort = 1024;

    private const int PrivilegedPortOffset = 8000;
    private const string OutputPathKey = "Pipeline:OutputPath";
    private const string DefaultOutput = "aspire-output";

    /// <summary>Puts a container that is built from a folder of its own in the balancer's place, when the AppHost is published.</summary>
    [AspireExportIgnore(Reason = "Not part of the public API.")]
    public static IResourceBuilder<T> AsPublishedContainer<T>(this IResourceBuilder<T> builder)
        where T : LoadBalancerResource
    {
        var application = builder.ApplicationBuilder;
        if (!application.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var balancer = builder.Resource;
        PublishedBalancers.Of(application.Services).Add(balancer);
        var folder = Path.Combine(OutputOf(application), $"{balancer.Name}.container");
        return builder
            .WithEnvironment(context => AddBackends(balancer, context))
            .PublishAsDockerFile(container => container.WithDockerfileFactory(folder, async context =>
            {
                var log = context.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ContainerBuilder));
                var configuration = PublishedConfiguration.Of(balancer);
                foreach (var note in configuration.Notes)
                {
                    LogNote(log, balancer.Name, note);
                }

                return await ContainerFiles.WriteAsync(folder, configuration, context.Resource, context.CancellationToken);
            }));
    }

    /// <summary>Where listeners with a privileged port listen inside the container; others listen where clients connect.</summary>
    public static void MovePrivilegedPorts(LoadBalancerResource balancer)
    {
        var endpoints = balancer.Annotations.OfType<EndpointAnnotation>().ToArray();
        foreach (var endpoint in endpoints)
        {
            if (endpoint.TargetPort is int port and > 0 and < FirstUnprivilegedPort)
            {
                var moved = port + PrivilegedPortOffset;
                while (Array.Exists(endpoints, other => other.TargetPort == moved))
                {
                    moved++;
                }

                // Without a proxy in between the one is the other until both are said.
                endpoint.Port = port;
                endpoint.TargetPort = moved;
            }
        }
    }

    /// <summary>The name of a member's backend in the configuration.</summary>
    public static string NameOf(BackendPool pool, PoolMember member) =>
        pool.Members.Count(other => other.Resource == member.Resource) == 1 ? member.Resource.Name : $"{member.Resource.Name}-{member.Endpoint.EndpointName}";

    // Only whoever deploys knows the addresses: the platform's service of each resource, with all its replicas behind.
    private static void AddBackends(LoadBalancerResource balancer, EnvironmentCallbackContext context)
    {
        foreach (var pool in balancer.Pools)
        {
            var number = 0;
            foreach (var member in pool.Members)
            {
                var service = string.Create(CultureInfo.InvariantCulture, $"Services__{pool.Name}__{pool.Scheme}__{number++}");
                if (member.Resource is ExternalBackend { Service.UrlParameter: { } url })
                {
                    context.EnvironmentVariables[service] = url;
                    continue;
                }

                var address = member.Resource is ExternalBackend && member.Endpoint.EndpointAnnotation.AllocatedEndpoint is { } known
                    ? ReferenceExpression.Create($"{known.Address}:{known.Port.ToString(CultureInfo.InvariantCulture)}")
                    : ReferenceExpression.Create($"{member.Endpoint.Property(EndpointProperty.Host)}:{member.Endpoint.Property(EndpointProperty.Port)}");
                context.EnvironmentVariables[service] = pool.Scheme == "https" ? ReferenceExpression.Create($"https://{address}") : address;
                context.EnvironmentVariables[$"LoadBalancer__Pools__{pool.Name}__Backends__{NameOf(pool, member)}__Address"] = address;
            }
        }
    }

    // As Aspire finds it, and a manifest's folder where the output is the manifest itself.
    private static string OutputOf(IDistributedApplicationBuilder builder) => builder.Configuration[OutputPathKey] switch
    {
        null or "" => Path.Combine(builder.AppHostDirectory, DefaultOutput),
        var path when path.EndsWith(".json", StringComparison.Ordinal) => Path.GetDirectoryName(Path.GetFullPath(path))!,
        var path => Path.GetFullPath(path),
    };

    [LoggerMessage(EventId = 511, Level = LogLevel.Warning, Message = "Load balancer '{Balancer}' as a container: {Note}")]
    private static partial void LogNote(ILogger log, string balancer, string note);
}
