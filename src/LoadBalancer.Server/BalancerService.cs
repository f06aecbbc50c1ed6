using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4;
using LoadBalancer.Layer7;
using LoadBalancer.Server.Configuration;

namespace LoadBalancer.Server;

/// <summary>Brings a configuration into force, at start and whenever the file changes, and drains at the end.</summary>
internal sealed partial class BalancerService(
    string path,
    ConfigurationCandidate initial,
    PublishedConfiguration published,
    BackendPools pools,
    Layer4Balancer layer4,
    Layer7Balancer layer7,
    TimeProvider time,
    ILogger<BalancerService> logger) : IHostedService
{
    private static readonly TimeSpan FirstChecks = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly SemaphoreSlim _applying = new(1, 1);
    private long _resetAt;
    private ConfigurationWatcher? _watcher;
    private readonly ConfigurationCandidate _first = initial;
    private volatile ConfigurationCandidate _current = initial;
    private volatile ConfigurationStatistics _configuration = new(path, time.GetUtcNow(), 0, 0, []);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await ApplyAsync(_first);
        // Looks at the file once by itself: it may have changed since it was read, before anybody watched.
        _watcher = new ConfigurationWatcher(path, ReloadAsync);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_watcher is not null)
        {
            await _watcher.DisposeAsync();
        }

        var drain = _current.Options!.DrainTimeout;
        Log.Stopping(logger, drain.TotalSeconds);
        await Task.WhenAll(layer4.StopAsync(drain), layer7.StopAsync(drain));
        Log.Stopped(logger);
    }

    public BalancerStatistics GetStatistics(bool withConnections = true) => new(
        _first.Options!.Name,
        Environment.ProcessId,
        _startedAt,
        Volatile.Read(ref _resetAt) is > 0 and var ticks ? new(ticks, TimeSpan.Zero) : _startedAt,
        _configuration,
        [.. pools.All.Select(pool => pool.GetStatistics()).OrderBy(pool => pool.Name, StringComparer.Ordinal)],
        layer4.GetStatistics(withConnections),
        layer7.GetStatistics());

    /// <summary>What is in force: the configuration with what commands have changed since.</summary>
    public LoadBalancerOptions GetOptions() => ConfigurationInForce.Of(_current.Options!, pools, layer7);

    /// <summary>Makes every counter that the statistics show begin anew.</summary>
    public void ResetStatistics()
    {
        foreach (var pool in pools.All)
        {
            pool.ResetStatistics();
        }

        layer4.ResetStatistics();
        layer7.ResetStatistics();
        Volatile.Write(ref _resetAt, time.GetUtcNow().UtcTicks);
        Log.StatisticsReset(logger);
    }

    public HealthReport GetHealth() =>
        new("ready", pools.All.ToDictionary(pool => pool.Name, pool => pool.Snapshot.Available.Length));

    /// <summary>Reads the file again; what is not valid, or cannot be bound, leaves everything as it is.</summary>
    internal async Task ReloadAsync()
    {
        var candidate = ConfigurationCandidate.Read(path);
        if (candidate.IsMalformed)
        {
            // An editor that writes in place may not be done yet.
            await Task.Delay(200);
            candidate = ConfigurationCandidate.Read(path);
        }

        try
        {
            if (candidate.Options is null)
            {
                Reject(candidate.Errors);
                return;
            }

            if (candidate.SaysTheSameAs(_current) && _configuration.Errors.Count == 0)
            {
                return;
            }

            await ApplyAsync(candidate);
            WarnOfStartOnlyKeys(candidate.Options);
            _configuration = _configuration with { LoadedAt = time.GetUtcNow(), Reloads = _configuration.Reloads + 1, Errors = [] };
            ServerTelemetry.RecordReload(isApplied: true);
            Log.Reloaded(logger, path);
        }
        catch (ListenException exception)
        {
            Reject([$"{path}: {exception.Message}"]);
        }
        // Nobody but the watcher waits for this, and it must go on watching.
        catch (Exception exception)
        {
            Log.Unexpected(logger, exception, path);
            Reject([$"{path}: {exception.Message}"]);
        }
    }

    private async Task ApplyAsync(ConfigurationCandidate candidate)
    {
        await _applying.WaitAsync();
        try
        {
            var options = candidate.Options!;
            var prepared = layer4.Prepare(options);
            try
            {
                layer7.Check(options);
            }
            catch (ListenException)
            {
                prepared.Dispose();
                throw;
            }

            // Nothing can fail from here on. The order matters: new addresses are in place before new pools ask for
            // them, and pools know their backends' names before discovery hears of the addresses.
            published.Replace(candidate.Data);
            await pools.ApplyAsync(options);
            published.Announce();
            if (candidate != _first)
            {
                // Routes that change to a new pool shall find its backends checked.
                await pools.WaitUntilCheckedAsync(FirstChecks);
            }

            layer4.Apply(prepared);
            await layer7.ApplyAsync(options);
            _current = candidate;
        }
        finally
        {
            _applying.Release();
        }
    }

    private void WarnOfStartOnlyKeys(LoadBalancerOptions options)
    {
        if (options.Admin.Address != _first.Options!.Admin.Address)
        {
            Log.NeedsRestart(logger, "LoadBalancer:Admin:Address", _first.Options.Admin.Address);
        }

        if (options.Admin.Token != _first.Options.Admin.Token)
        {
            Log.TokenNeedsRestart(logger);
        }

        if (options.Admin.PrometheusMetrics != _first.Options.Admin.PrometheusMetrics)
        {
            Log.NeedsRestart(logger, "LoadBalancer:Admin:PrometheusMetrics", _first.Options.Admin.PrometheusMetrics.ToString().ToLowerInvariant());
        }

        if (options.Name != _first.Options.Name)
        {
            Log.NeedsRestart(logger, "LoadBalancer:Name", _first.Options.Name);
        }
    }

    private void Reject(IReadOnlyList<string> errors)
    {
        if (errors.SequenceEqual(_configuration.Errors))
        {
            // The same file, seen once more.
            return;
        }

        foreach (var error in errors)
        {
            Log.Rejected(logger, error);
        }

        ServerTelemetry.RecordReload(isApplied: false);
        Log.Kept(logger, _configuration.LoadedAt);
        _configuration = _configuration with { Rejected = _configuration.Rejected + 1, Errors = errors };
    }

    private static partial class Log
    {
        [LoggerMessage(401, LogLevel.Information, "Configuration {Path} is in force.")]
        public static partial void Reloaded(ILogger logger, string path);

        [LoggerMessage(402, LogLevel.Error, "{Error}")]
        public static partial void Rejected(ILogger logger, string error);

        [LoggerMessage(403, LogLevel.Warning, "The changed configuration is not used; the one of {LoadedAt:u} stays in force.")]
        public static partial void Kept(ILogger logger, DateTimeOffset loadedAt);

        [LoggerMessage(406, LogLevel.Warning, "{Key} is read at start only; '{Value}' stays in force until the next start.")]
        public static partial void NeedsRestart(ILogger logger, string key, string value);

        [LoggerMessage(408, LogLevel.Warning, "LoadBalancer:Admin:Token is read at start only; the token of then stays in force until the next start.")]
        public static partial void TokenNeedsRestart(ILogger logger);

        [LoggerMessage(407, LogLevel.Error, "{Path} could not be brought into force.")]
        public static partial void Unexpected(ILogger logger, Exception exception, string path);

        [LoggerMessage(409, LogLevel.Information, "All statistics begin anew, by command.")]
        public static partial void StatisticsReset(ILogger logger);

        [LoggerMessage(404, LogLevel.Information, "Stopping; connections and requests have {Seconds} s to end.")]
        public static partial void Stopping(ILogger logger, double seconds);

        [LoggerMessage(405, LogLevel.Information, "Stopped.")]
        public static partial void Stopped(ILogger logger);
    }
}
