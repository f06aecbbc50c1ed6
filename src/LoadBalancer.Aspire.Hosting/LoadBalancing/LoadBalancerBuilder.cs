using System.Net;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Lifecycle;
using LoadBalancer.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>What both layers' balancers have in common.</summary>
internal static class LoadBalancerBuilder
{
    private const string HealthPath = "/healthz";
    private const string StatisticsPath = "/stats";

    public static IResourceBuilder<T> AddLoadBalancer<T>(this IDistributedApplicationBuilder builder, T balancer, int? adminPort, string iconName)
        where T : LoadBalancerResource
    {
        AddPublisher(builder.Services);
        return builder.AddResource(balancer)
            .WithInitialState(new() { ResourceType = typeof(T).Name.Replace("Resource", "", StringComparison.Ordinal), Properties = [] })
            .WithIconName(iconName)
            .WithListener(LoadBalancerResource.AdminEndpointName, "http", adminPort, "LoadBalancer__Admin__Address")
            .WithEndpoint(LoadBalancerResource.AdminEndpointName, endpoint => endpoint.ExcludeReferenceEndpoint = true)
            .WithUrlForEndpoint(LoadBalancerResource.AdminEndpointName, url =>
            {
                url.Url = StatisticsPath;
                url.DisplayText = "Statistics";
                // The dashboard sorts links by endpoint name and may show only the first: that is where clients connect.
                url.DisplayLocation = UrlDisplayLocation.DetailsOnly;
            })
            .WithHttpHealthCheck(HealthPath, endpointName: LoadBalancerResource.AdminEndpointName)
            .WithArgs(context =>
            {
                context.Args.Add("exec");
                context.Args.Add(ServerFiles.Program);
                context.Args.Add("--config");
                context.Args.Add(balancer.ConfigurationPath ?? throw new DistributedApplicationException($"The load balancer '{balancer.Name}' has no configuration; it is written when the AppHost starts."));
            })
            .WithOtlpExporter()
            // A balancer for the machine of a developer; what is deployed has the platform's.
            .ExcludeFromManifest();
    }

    /// <summary>Adds an endpoint that the balancer itself listens on, without a proxy in front.</summary>
    public static IResourceBuilder<T> WithListener<T>(this IResourceBuilder<T> builder, string name, string scheme, int? port, string variable)
        where T : LoadBalancerResource => builder
            .WithEndpoint(port: port, scheme: scheme, name: name, isProxied: false)
            .WithEnvironment(context =>
            {
                // Its target host and port may be changed after this call.
                var endpoint = builder.GetEndpoint(name);
                var host = ListenHost(builder.Resource, endpoint.EndpointAnnotation);
                context.EnvironmentVariables[variable] = ReferenceExpression.Create($"{host}:{endpoint.Property(EndpointProperty.TargetPort)}");
            });

    /// <summary>The pool of a backend's endpoint, with what shows it to the dashboard and the backend to the balancer.</summary>
    /// <exception cref="ArgumentException">The endpoint cannot be a backend of this balancer.</exception>
    public static BackendPool AddBackend<T>(this IResourceBuilder<T> builder, EndpointReference backend, string argument)
        where T : LoadBalancerResource
    {
        if (builder.Resource.ObjectionTo(backend) is { } objection)
        {
            throw new ArgumentException($"{objection}.", argument);
        }

        var known = builder.Resource.Pools.Count;
        var pool = builder.Resource.PoolOf(backend);
        if (builder.Resource.Pools.Count > known)
        {
            pool.MakeVisible();
            if (!builder.Resource.Pools.SkipLast(1).Any(other => other.Resource == pool.Resource))
            {
                builder.WithReferenceRelationship(pool.Resource);
            }
        }

        return pool;
    }

    private static string ListenHost(LoadBalancerResource balancer, EndpointAnnotation endpoint)
    {
        var host = endpoint.TargetHost switch
        {
            "+" => "*",
            var ip when IPAddress.TryParse(ip, out var address) => address.ToString().Contains(':') ? $"[{address}]" : address.ToString(),
            var name => name,
        };
        return ListenAddress.TryParse($"{host}:1", out _)
            ? host
            : throw new DistributedApplicationException($"The endpoint '{endpoint.Name}' of the load balancer '{balancer.Name}' has the target host '{endpoint.TargetHost}'; must be an IP address, 'localhost' or '*'.");
    }

    // One for all balancers of an AppHost, however many there are.
    private static void AddPublisher(IServiceCollection services)
    {
        services.TryAddSingleton<ConfigurationPublisher>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, ConfigurationPublisher>(
            provider => provider.GetRequiredService<ConfigurationPublisher>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ConfigurationPublisher>(
            provider => provider.GetRequiredService<ConfigurationPublisher>()));
    }
}
