using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>
/// Checks every backend of a pool for as long as it is a member. A backend's own loop owns its counters, so rise
/// and fall need no lock. A newcomer is checked at once and needs one pass, so that it takes work without delay.
/// </summary>
internal sealed class HealthMonitor : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    private readonly BackendPool _pool;
    private readonly HealthCheckOptions _options;
    private readonly IHealthProbe _probe;
    private readonly TimeProvider _time;
    private readonly Dictionary<Backend, (Task Loop, CancellationTokenSource Stop)> _loops = [];
    private readonly Lock _starting = new();
    private bool _disposed;

    private HealthMonitor(BackendPool pool, HealthCheckOptions options, IHealthProbe probe, TimeProvider time)
    {
        _pool = pool;
        _options = options;
        _probe = probe;
        _time = time;
    }

    /// <summary>Starts checking.</summary>
    /// <returns>The monitor, or null when the options ask for no checks.</returns>
    public static HealthMonitor? Start(BackendPool pool, HealthCheckOptions options, TimeProvider time)
    {
        IHealthProbe? probe = options.Type switch
        {
            HealthCheckType.Tcp => new TcpHealthProbe(options.Send, options.Expect),
            HealthCheckType.Http => new HttpHealthProbe(options.Path, pool.Tls, pool.Options.HttpVersion),
            _ => null,
        };
        return probe is null ? null : Start(pool, options, probe, time);
    }

    internal static HealthMonitor Start(BackendPool pool, HealthCheckOptions options, IHealthProbe probe, TimeProvider time)
    {
        var monitor = new HealthMonitor(pool, options, probe, time);
        pool.Changed += monitor.Follow;
        monitor.Follow(pool);
        return monitor;
    }

    public async ValueTask DisposeAsync()
    {
        _pool.Changed -= Follow;
        Task[] loops;
        lock (_starting)
        {
            _disposed = true;
            loops = [.. _loops.Values.Select(loop => loop.Loop)];
            foreach (var (_, stop) in _loops.Values)
            {
                stop.Cancel();
            }

            _loops.Clear();
        }

        await Task.WhenAll(loops);
        (_probe as IDisposable)?.Dispose();
    }

    private void Follow(BackendPool pool)
    {
        lock (_starting)
        {
            if (_disposed)
            {
                return;
            }

            var members = pool.Snapshot.Members.Where(backend => !backend.HasLeft).ToHashSet();
            foreach (var gone in _loops.Keys.Except(members).ToArray())
            {
                _loops.Remove(gone, out var loop);
                loop.Stop.Cancel();
            }

            foreach (var backend in members.Where(backend => !_loops.ContainsKey(backend)))
            {
                var stop = new CancellationTokenSource();
                _loops.Add(backend, (Task.Run(() => CheckForeverAsync(backend, stop), CancellationToken.None), stop));
            }
        }
    }

    private async Task CheckForeverAsync(Backend backend, CancellationTokenSource stop)
    {
        using var owned = stop;
        var passes = 0;
        var failures = 0;
        // A monitor that takes over from another, with other options, finds backends that have passed before.
        var everHealthy = backend.PassesChecks == true;
        var pause = ShortestPause;
        while (!stop.IsCancellationRequested)
        {
            var error = await CheckOnceAsync(backend, stop.Token);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            backend.LastError = error;
            (passes, failures) = error is null ? (passes + 1, 0) : (0, failures + 1);
            if (error is null && backend.PassesChecks != true && (!everHealthy || passes >= _options.Rise))
            {
                _pool.SetHealth(backend, healthy: true, everHealthy ? $"{passes} health checks passed" : "first health check passed");
                everHealthy = true;
            }
            else if (error is not null && (!everHealthy || failures >= _options.Fall))
            {
                _pool.SetHealth(backend, healthy: false, error);
            }

            // A newcomer that is still starting is asked again soon, then less and less often.
            pause = everHealthy || pause * 2 > _options.Interval ? _options.Interval : pause * 2;
            await Task.Delay(pause, _time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string?> CheckOnceAsync(Backend backend, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        try
        {
            return await _probe.CheckAsync(backend, either.Token);
        }
        catch (OperationCanceledException)
        {
            return $"no answer within {_options.Timeout.TotalMilliseconds:0} ms";
        }
        // Probes throw what they like; a loop that ended here would leave its backend as it is for ever.
        catch (Exception exception)
        {
            return exception.Message;
        }
    }
}
