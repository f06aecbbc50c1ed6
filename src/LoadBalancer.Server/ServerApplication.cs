using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4;
using LoadBalancer.Layer7;
using LoadBalancer.Server.Admin;
using LoadBalancer.Server.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using ServiceDefaults;

namespace LoadBalancer.Server;

/// <summary>Puts the process together: the domain, both layers, the admin endpoint, telemetry.</summary>
internal static class ServerApplication
{
    /// <summary>Builds the process around a valid configuration.</summary>
    /// <exception cref="ListenException">The admin address cannot be bound.</exception>
    public static WebApplication Build(string path, ConfigurationCandidate initial)
    {
        var options = initial.Options!;
        ListenAddress.TryParse(options.Admin.Address, out var admin);
        var published = new PublishedConfiguration();
        published.Replace(initial.Data);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        ((IConfigurationBuilder)builder.Configuration).Add(published);
        builder.Configuration.AddEnvironmentVariables();
        builder.AddLogging();
        builder.AddTelemetry(options, admin.Port);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, admin));

        var services = builder.Services;
        services.AddRoutingCore();
        services.AddHostFiltering(filtering => filtering.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        services.AddLoadBalancer();
        services.AddSingleton<Layer4Balancer>();
        services.AddSingleton(provider => new Layer7Balancer(
            provider.GetRequiredService<BackendPools>(), provider.GetRequiredService<ILoggerFactory>(), IsDevelopment()));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<BalancerService>(provider, path, initial, published));
        services.AddSingleton(provider => new AdminToken(options.Admin.Token, admin.Authority, provider.GetRequiredService<ILogger<AdminToken>>()));
        services.AddSingleton<LiveFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<BalancerService>());
        // The drain decides how long stopping takes; the host's own limit only guards against a hang.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + TimeSpan.FromSeconds(10));

        var app = builder.Build();
        // Made after the start, not by the first command: whoever wants to give it has to read the token first, and a
        // start that fails says nothing but why.
        app.Lifetime.ApplicationStarted.Register(() => app.Services.GetRequiredService<AdminToken>());
        app.UseHostFiltering();
        app.UseRouting();
        app.MapAdmin();
        app.MapMetrics(options.Admin.PrometheusMetrics);
        app.MapCommands();
        return app;
    }

    // The empty builder reads no environment, and its Development would change the admin endpoint as well.
    private static bool IsDevelopment() => Environments.Development.Equals(
        Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT"), StringComparison.OrdinalIgnoreCase);

    private static void AddLogging(this WebApplicationBuilder builder)
    {
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("System", LogLevel.Warning);
        // A start that fails is told by Program in one line; the host would tell it again with a stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // It has nothing to say at these levels, but whoever might hear it makes ASP.NET Core begin a span for every request.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // YARP warns at every request that finds no backend; the pool says once when it loses them.
        builder.Logging.AddFilter("Yarp", LogLevel.Error);
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.ColorBehavior = LoggerColorBehavior.Default;
        });
        // Where nobody reads the output, lines are lost, and told of later; to wait for a reader would stop all traffic.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
    }

    private static void AddTelemetry(this WebApplicationBuilder builder, LoadBalancerOptions options, int adminPort)
    {
        // The dashboard asks for health every few seconds; that is not the user's traffic.
        builder.AddTelemetry(context => context.Connection.LocalPort != adminPort, _ => true, LoadBalancerTelemetry.Name);
        if (options.Admin.PrometheusMetrics)
        {
            builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeters(LoadBalancerTelemetry.Name).AddPrometheusExporter());
        }

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_SERVICE_NAME"]))
        {
            builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(options.Name));
        }
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address)
    {
        kestrel.AddServerHeader = false;
        if (address.Host == "localhost" && address.Port != 0)
        {
            kestrel.ListenLocalhost(address.Port);
        }
        else
        {
            kestrel.Listen(address.ToEndPoints()[0]);
        }
    }
}
