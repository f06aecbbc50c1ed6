using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Lifecycle;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>What both layers' balancers have in common.</summary>
[AspireExportIgnore(Reason = "Not for AppHosts.")]
internal static class LoadBalancerBuilder
{
    private const string HealthPath = "/healthz";
    private const string StatisticsPath = "/stats";
    private const string LivePagePath = "/";
    private const string TokenVariable = "LoadBalancer__Admin__Token";
    private const string EnvironmentVariable = "DOTNET_ENVIRONMENT";
    private const int SecretLength = 32;

    public static IResourceBuilder<T> AddLoadBalancer<T>(this IDistributedApplicationBuilder builder, T balancer, int? adminPort, string iconName)
        where T : LoadBalancerResource
    {
        AddPublisher(builder.Services);
        balancer.AdminTokenParameter = NewSecret(builder.Configuration, $"{balancer.Name}-admin-token");
        return builder.AddResource(balancer)
            .WithInitialState(new() { ResourceType = typeof(T).Name.Replace("Resource", "", StringComparison.Ordinal), Properties = [] })
            .WithIconName(iconName)
            .WithSecret(TokenVariable, () => balancer.AdminTokenParameter)
            .WithOtlpExporter()
            .WithProcess(adminPort)
            .AsPublishedContainer();
    }

    /// <summary>Adds an endpoint that the balancer itself listens on, without a proxy in front.</summary>
    public static IResourceBuilder<T> WithListener<T>(this IResourceBuilder<T> builder, string name, string scheme, int? port, string variable, ProtocolType protocol = ProtocolType.Tcp)
        where T : LoadBalancerResource => builder
            .WithEndpoint(port: port, scheme: scheme, name: name, isProxied: false, protocol: protocol)
            .WithEnvironment(context =>
            {
                // Its target host and port may be changed after this call.
                var endpoint = builder.GetEndpoint(name);
                // Nobody is on a container's loopback but the container itself.
                var host = context.ExecutionContext.IsPublishMode ? "*" : ListenHost(builder.Resource, endpoint.EndpointAnnotation);
                context.EnvironmentVariables[variable] = ReferenceExpression.Create($"{host}:{endpoint.Property(EndpointProperty.TargetPort)}");
            });

    /// <summary>The pool of a backend's endpoint, with what shows it to the dashboard and the backend to the balancer.</summary>
    /// <param name="builder">The balancer.</param>
    /// <param name="backend">The endpoint.</param>
    /// <param name="protocol">What it must be; null where that depends on who leads to it.</param>
    /// <param name="argument">Who gave the endpoint.</param>
    /// <exception cref="ArgumentException">The endpoint cannot be a backend of this balancer.</exception>
    public static BackendPool AddBackend<T>(this IResourceBuilder<T> builder, EndpointReference backend, ProtocolType? protocol, string argument)
        where T : LoadBalancerResource
    {
        builder.Resource.ThrowIfUnusable(backend, protocol, argument);
        var known = builder.Resource.Pools.Count;
        var pool = builder.Resource.PoolOf(backend);
        if (builder.Resource.Pools.Count > known)
        {
            builder.AddMember(pool.Members[0]);
        }

        return pool;
    }

    /// <summary>Sets a pool's options, and adds the backends of other resources to it.</summary>
    /// <exception cref="ArgumentException">The pool has options already, or they or its other backends cannot be those of this balancer.</exception>
    public static void Configure<T>(this IResourceBuilder<T> builder, BackendPool pool, Action<BackendPoolBuilder> configure, string backendArgument, string configureArgument)
        where T : LoadBalancerResource
    {
        if (pool.IsConfigured)
        {
            throw new ArgumentException(
                $"'{builder.Resource.Name}' has options for the pool of the endpoint '{pool.Endpoint.EndpointName}' of '{pool.Endpoint.Resource.Name}' already; they must be set in one place.",
                backendArgument);
        }

        var options = new BackendPoolBuilder(pool, builder.ApplicationBuilder.AppHostDirectory);
        configure(options);
        foreach (var other in options.Others)
        {
            builder.Resource.ThrowIfUnusable(other.Endpoint, null, configureArgument);
            if (pool.MismatchOf(other.Endpoint) is { } mismatch)
            {
                throw new ArgumentException($"{builder.Resource.ObjectionAgainst(other.Endpoint, mismatch)}.", configureArgument);
            }

            builder.AddMember(other);
        }

        pool.Configure(options);
        if (options.CertificatePassword is { } password)
        {
            builder.WithSecret($"LoadBalancer__Pools__{pool.Name}__BackendTls__ClientCertificate__Password", () => password);
        }

        builder.Resource.ThrowIfUnusable(pool.Options, configureArgument);
        Contract.Check(builder.Resource, configureArgument);
    }

    /// <summary>Gives a secret to the balancer's process alone, as an environment variable, which the dashboard masks.</summary>
    public static IResourceBuilder<T> WithSecret<T>(this IResourceBuilder<T> builder, string variable, Func<ParameterResource?> secret)
        where T : LoadBalancerResource => builder.WithEnvironment(context =>
        {
            if (secret() is { } parameter)
            {
                context.EnvironmentVariables[variable] = parameter;
            }
        });

    /// <summary>A secret of the configuration, or one that is new for each run: nothing outlives it that would need the old one.</summary>
    public static ParameterResource NewSecret(IConfiguration configuration, string name) =>
        new(name, generated => configuration[$"Parameters:{name}"] ?? generated!.GetDefaultValue(), secret: true)
        {
            Default = new GenerateParameterDefault { MinLength = SecretLength, Special = false },
        };

    // What is published has none of it: it is on the container's loopback, or given by its Dockerfile.
    private static IResourceBuilder<T> WithProcess<T>(this IResourceBuilder<T> builder, int? adminPort)
        where T : LoadBalancerResource
    {
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var balancer = builder.Resource;
        return builder
            .WithListener(LoadBalancerResource.AdminEndpointName, "http", adminPort, "LoadBalancer__Admin__Address")
            .WithEndpoint(LoadBalancerResource.AdminEndpointName, endpoint => endpoint.ExcludeReferenceEndpoint = true)
            .WithUrlForEndpoint(LoadBalancerResource.AdminEndpointName, url =>
            {
                url.Url = StatisticsPath;
                url.DisplayText = "Statistics";
                // The dashboard sorts links by endpoint name and may show only the first: that is where clients connect.
                url.DisplayLocation = UrlDisplayLocation.DetailsOnly;
            })
            // Without the token: links are shown to all who see the dashboard, secrets only to those who ask for them.
            .WithUrlForEndpoint(LoadBalancerResource.AdminEndpointName, endpoint => new ResourceUrlAnnotation
            {
                Url = LivePagePath,
                DisplayText = "Live page",
                Endpoint = endpoint,
            })
            .WithHttpHealthCheck(HealthPath, endpointName: LoadBalancerResource.AdminEndpointName)
            .WithArgs(context =>
            {
                context.Args.Add("exec");
                context.Args.Add(ServerFiles.Program);
                context.Args.Add("--config");
                context.Args.Add(balancer.ConfigurationPath ?? throw new DistributedApplicationException($"The load balancer '{balancer.Name}' has no configuration; it is written when the AppHost starts."));
            })
            // Error answers say more in Development.
            .WithEnvironment(EnvironmentVariable, builder.ApplicationBuilder.Environment.EnvironmentName);
    }

    private static void AddMember<T>(this IResourceBuilder<T> builder, PoolMember member)
        where T : LoadBalancerResource
    {
        member.MakeVisible();
        if (!builder.Resource.Annotations.OfType<ResourceRelationshipAnnotation>().Any(known => known.Resource == member.Reported))
        {
            builder.WithReferenceRelationship(member.Reported);
        }
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
        _ = PublishedBalancers.Of(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, PublishPreparation>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, ReferenceRedirector>());
        // Behind those that may add to the pools.
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, PoolHealthChecks>());
        services.TryAddSingleton<BackendRows>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, BackendRows>(
            provider => provider.GetRequiredService<BackendRows>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, BackendRows>(
            provider => provider.GetRequiredService<BackendRows>()));
        services.TryAddSingleton<ConfigurationPublisher>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IDistributedApplicationEventingSubscriber, ConfigurationPublisher>(
            provider => provider.GetRequiredService<ConfigurationPublisher>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ConfigurationPublisher>(
            provider => provider.GetRequiredService<ConfigurationPublisher>()));
    }
}
