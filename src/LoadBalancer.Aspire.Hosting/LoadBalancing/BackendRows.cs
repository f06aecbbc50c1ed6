using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>
/// Shows each balancer's backends as rows below it, and its pools' health, as the balancer itself sees them, at most a
/// second old.
/// </summary>
internal sealed partial class BackendRows(
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ILogger<BackendRows> logger) : BackgroundService, IDistributedApplicationEventingSubscriber
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<LoadBalancerResource, LoadBalancerBackendResource[]> _rows = [];

    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        if (executionContext.IsRunMode)
        {
            eventing.Subscribe<BeforeStartEvent>((_, _) =>
            {
                AddRows();
                return Task.CompletedTask;
            });
        }

        return Task.CompletedTask;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(_rows.Select(pair => FollowAsync(pair.Key, pair.Value, stoppingToken)));

    // Only now is the number of replicas final.
    private void AddRows()
    {
        foreach (var balancer in model.Resources.OfType<LoadBalancerResource>().ToArray())
        {
            var rows = balancer.Pools.SelectMany(pool => RowsOf(balancer, pool)).ToArray();
            _rows.Add(balancer, rows);
            BalancerCommands.AddTo(balancer);
        }
    }

    private IEnumerable<LoadBalancerBackendResource> RowsOf(LoadBalancerResource balancer, BackendPool pool)
    {
        var number = 0;
        foreach (var member in pool.Members)
        {
            for (var replica = member.Reported.GetReplicaCount(); replica > 0; replica--)
            {
                var row = new LoadBalancerBackendResource(FreeName($"{balancer.Name}-{pool.Name}", ref number), balancer, pool, member);
                row.Annotations.Add(new ResourceRelationshipAnnotation(member.Reported, "Reference"));
                row.Annotations.Add(new ResourceIconAnnotation("ServerMultiple"));
                row.Annotations.Add(new ResourceSnapshotAnnotation(BackendSnapshot.Initial(row)));
                row.Annotations.Add(ManifestPublishingCallbackAnnotation.Ignore);
                BackendCommands.AddTo(row);
                model.Resources.Add(row);
                yield return row;
            }
        }
    }

    private string FreeName(string stem, ref int number)
    {
        string name;
        do
        {
            name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{stem}-{++number}");
        }
        while (model.Resources.Any(resource => resource.Name.Equals(name, StringComparison.OrdinalIgnoreCase)));

        return name;
    }

    private async Task FollowAsync(LoadBalancerResource balancer, LoadBalancerBackendResource[] rows, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await notifications.WaitForResourceAsync(balancer.Name, KnownResourceStates.Running, cancellationToken);
                using (var client = await balancer.CreateClientAsync(cancellationToken))
                {
                    await FollowAsync(client, balancer, rows, cancellationToken);
                }

                await ShowAsync(rows, [], cancellationToken);
                await Task.Delay(Pause, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
        // Rows that stand still would pass for backends at which nothing happens.
        catch (Exception e)
        {
            LogStopped(logger, e, balancer.Name);
            await ShowAsync(rows, [], CancellationToken.None);
        }
    }

    // Until the balancer no longer answers: it has ended, or has yet to listen.
    private async Task FollowAsync(LoadBalancerClient client, LoadBalancerResource balancer, LoadBalancerBackendResource[] rows, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var pools = (await client.GetStatisticsAsync(cancellationToken)).Pools;
                await ShowAsync(rows, pools, cancellationToken);
                await ShowHealthAsync(balancer, pools);
                await Task.Delay(Pause, cancellationToken);
            }
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException or IOException)
        {
            LogSilent(logger, e.Message);
        }
    }

    private async Task ShowAsync(LoadBalancerBackendResource[] rows, IReadOnlyList<PoolStatistics> pools, CancellationToken cancellationToken)
    {
        foreach (var group in rows.GroupBy(row => row.Pool))
        {
            var pool = pools.FirstOrDefault(pool => pool.Name == group.Key);
            foreach (var (row, backend) in Assign([.. group], pool?.Backends ?? []))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await notifications.PublishUpdateAsync(row, before => BackendSnapshot.Of(row, pool, backend, before));
            }
        }
    }

    // Aspire asks a resource that is well every 30 seconds; so long it would say that a balancer is healthy that has
    // nobody left to send to.
    private async Task ShowHealthAsync(LoadBalancerResource balancer, IReadOnlyList<PoolStatistics> pools)
    {
        var found = balancer.Pools.ToDictionary(
            pool => PoolHealthCheck.KeyOf(balancer, pool),
            pool => new PoolHealthCheck(balancer, pool).Judge(pools.FirstOrDefault(candidate => pool.HasName(candidate.Name))));
        if (notifications.TryGetCurrentState(balancer.Name, out var report) && report.Snapshot.HealthReports.Any(IsOutdated))
        {
            var now = DateTime.UtcNow;
            await notifications.PublishUpdateAsync(balancer, before => before.WithHealthReports([.. before.HealthReports.Select(known =>
                IsOutdated(known) ? new(known.Name, found[known.Name].Status, found[known.Name].Description, null) { LastRunAt = now } : known)]));
        }

        bool IsOutdated(HealthReportSnapshot known) =>
            found.TryGetValue(known.Name, out var result) && (known.Status, known.Description) != (result.Status, result.Description);
    }

    /// <summary>Gives each backend a row of its resource: the one that it had, or else one whose replica is gone.</summary>
    internal static IEnumerable<(LoadBalancerBackendResource Row, BackendStatistics? Backend)> Assign(LoadBalancerBackendResource[] rows, IReadOnlyList<BackendStatistics> backends)
    {
        var assigned = new Dictionary<LoadBalancerBackendResource, BackendStatistics>();
        foreach (var backend in backends.OrderBy(backend => Array.Exists(rows, row => row.Replica == backend.Name) ? 0 : 1))
        {
            var free = rows.Where(row => !assigned.ContainsKey(row) && IsOf(row, backend)).ToArray();
            if ((Array.Find(free, row => row.Replica == backend.Name) ?? Array.Find(free, row => row.Replica is null) ?? free.FirstOrDefault()) is { } row)
            {
                row.Replica = backend.Name;
                assigned.Add(row, backend);
            }
        }

        return rows.Select(row => (row, assigned.GetValueOrDefault(row)));
    }

    // A replica's resource id is its resource's name, where there is more than one with a suffix.
    private static bool IsOf(LoadBalancerBackendResource row, BackendStatistics backend) =>
        backend.Name.Equals(row.Member.Resource.Name, StringComparison.OrdinalIgnoreCase)
        || (backend.Name.StartsWith($"{row.Member.Resource.Name}-", StringComparison.OrdinalIgnoreCase)
            && !backend.Name[(row.Member.Resource.Name.Length + 1)..].Contains('-'));

    [LoggerMessage(EventId = 506, Level = LogLevel.Debug, Message = "The load balancer does not answer: {Reason}")]
    private static partial void LogSilent(ILogger log, string reason);

    [LoggerMessage(EventId = 507, Level = LogLevel.Error, Message = "The backends of the load balancer '{Balancer}' are no longer shown")]
    private static partial void LogStopped(ILogger log, Exception exception, string balancer);
}
