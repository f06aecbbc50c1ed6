using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// Keeps each balancer's configuration file in step with the replicas that run, for one run of the AppHost.
/// </summary>
internal sealed partial class ConfigurationPublisher(
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    IConfiguration configuration,
    ILogger<ConfigurationPublisher> logger) : IDistributedApplicationEventingSubscriber, IHostedLifecycleService, IDisposable
{
    private readonly ReplicaTracker _tracker = new();
    private readonly Dictionary<LoadBalancerResource, ConfigurationFileWriter> _writers = [];
    private readonly Dictionary<BackendPool, string> _reported = [];
    private readonly HashSet<IResource> _backends = [];
    private readonly SemaphoreSlim _publishing = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private DirectoryInfo? _directory;
    private Task _following = Task.CompletedTask;

    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        if (executionContext.IsRunMode)
        {
            eventing.Subscribe<BeforeStartEvent>((_, token) => PrepareAsync(token));
            eventing.Subscribe<ResourceEndpointsAllocatedEvent>((allocated, token) =>
                _backends.Contains(allocated.Resource) ? PublishAsync(null, token) : Task.CompletedTask);
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (_writers.Count > 0)
        {
            _following = Task.Run(() => FollowAsync(_stopping.Token), CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _following;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // As late as the host allows: the balancers read what is here until the orchestrator has stopped them.
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        RemoveDirectory();
        return Task.CompletedTask;
    }

    // For a start that failed halfway. Called once a registration, so it must bear being called again.
    public void Dispose()
    {
        _stopping.Cancel();
        RemoveDirectory();
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var balancers = model.Resources.OfType<LoadBalancerResource>().ToArray();
        if (balancers.Length == 0)
        {
            return;
        }

        // All that can be wrong with the model, before anything is left on the disk.
        ServerFiles.ThrowIfMissing(ServerFiles.Program);
        foreach (var balancer in balancers)
        {
            balancer.ThrowIfUnusable();
        }

        // Of this run alone: two AppHosts, or two runs of one, must not share a file.
        _directory = Directory.CreateTempSubdirectory("aspire-loadbalancer-");
        foreach (var balancer in balancers)
        {
            if (configuration.GetValue<bool>("DcpPublisher:RandomizePorts"))
            {
                balancer.ForgetPorts();
            }

            _backends.UnionWith(balancer.Pools.SelectMany(pool => pool.Members).Select(member => member.Reported));
            balancer.ConfigurationPath = Path.Combine(_directory.FullName, $"{balancer.Name}.json");
            _writers.Add(balancer, new(balancer.ConfigurationPath));
        }

        await PublishAsync(null, cancellationToken);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var report in notifications.WatchAsync(cancellationToken))
            {
                if (_backends.Contains(report.Resource))
                {
                    await PublishAsync(report, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
        // Whatever it is, it must not pass for "no replica has changed".
        catch (Exception e)
        {
            LogStopped(logger, e);
        }
    }

    private async Task PublishAsync(ResourceEvent? report, CancellationToken cancellationToken)
    {
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (report is not null)
            {
                await ResolveAsync(report, cancellationToken);
                _tracker.Update(report);
            }

            foreach (var (balancer, writer) in _writers)
            {
                await WriteAsync(balancer, writer, cancellationToken);
            }
        }
        finally
        {
            _publishing.Release();
        }
    }

    // A service that runs has what its URL comes from.
    private async Task ResolveAsync(ResourceEvent report, CancellationToken cancellationToken)
    {
        if (report.Resource is ExternalServiceResource service
            && report.Snapshot.State?.Text == KnownResourceStates.Running
            && await ExternalBackend.Of(service).ResolveAsync(cancellationToken) is { } problem)
        {
            LogNoAddress(loggers.GetLogger(service), service.Name, problem);
        }
    }

    private async Task WriteAsync(LoadBalancerResource balancer, ConfigurationFileWriter writer, CancellationToken cancellationToken)
    {
        var log = loggers.GetLogger(balancer);
        var file = balancer.Describe(pool => ReplicasOf(pool, log));
        try
        {
            if (await writer.WriteAsync(file.ToJson(), cancellationToken))
            {
                LogWritten(log, Summary(file));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(log, e, writer.Path);
        }
    }

    private IReadOnlyList<Replica> ReplicasOf(BackendPool pool, ILogger log)
    {
        var replicas = _tracker.ReplicasOf(pool, out var problem);
        if (problem is null)
        {
            _reported.Remove(pool);
        }
        // The same trouble again is not news.
        else if (!_reported.TryGetValue(pool, out var reported) || reported != problem)
        {
            _reported[pool] = problem;
            LogUnreachable(log, pool.Name, problem);
        }

        return replicas;
    }

    private void RemoveDirectory()
    {
        try
        {
            _directory?.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A balancer that has not ended yet may hold a file, and the operating system clears its temporary files.
        }
        catch (UnauthorizedAccessException)
        {
            // The same.
        }

        _directory = null;
    }

    private static string Summary(ConfigurationFile file) =>
        string.Join(", ", file.LoadBalancer.Pools.Select(pool => $"{pool.Key} {pool.Value.Backends.Count}"));

    [LoggerMessage(EventId = 501, Level = LogLevel.Information, Message = "Running replicas: {Pools}")]
    private static partial void LogWritten(ILogger log, string pools);

    [LoggerMessage(EventId = 502, Level = LogLevel.Error, Message = "Cannot write {Path}; the load balancer does not see the newest replicas until the next change")]
    private static partial void LogNotWritten(ILogger log, Exception exception, string path);

    [LoggerMessage(EventId = 503, Level = LogLevel.Warning, Message = "Pool '{Pool}': {Problem}")]
    private static partial void LogUnreachable(ILogger log, string pool, string problem);

    [LoggerMessage(EventId = 510, Level = LogLevel.Warning, Message = "'{Service}' {Problem}; load balancers leave it out")]
    private static partial void LogNoAddress(ILogger log, string service, string problem);

    [LoggerMessage(EventId = 504, Level = LogLevel.Critical, Message = "The load balancers no longer follow which replicas run")]
    private static partial void LogStopped(ILogger log, Exception exception);
}
