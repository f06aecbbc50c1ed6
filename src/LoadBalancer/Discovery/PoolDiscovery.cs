using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Discovery;

/// <summary>
/// Follows service discovery for one pool. An answer without addresses, or none at all, keeps the last good set:
/// a balancer that forgets its backends because a lookup failed would turn a small fault into an outage. The options
/// may say that an answer without addresses is to be believed.
/// </summary>
internal sealed partial class PoolDiscovery : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollingDelay = TimeSpan.FromSeconds(15);

    private const string UnixScheme = "unix:";

    private readonly BackendPool _pool;
    private readonly ServiceEndpointResolver _resolver;
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following;
    private string? _reported;

    public PoolDiscovery(BackendPool pool, ServiceEndpointResolver resolver, IConfiguration configuration, TimeProvider time, ILogger logger)
    {
        _pool = pool;
        _resolver = resolver;
        _configuration = configuration;
        _time = time;
        _logger = logger;
        _following = Task.Run(() => FollowAsync(_stopping.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var changed = await ResolveAsync(stopping);
            await WaitForChangeAsync(changed, stopping);
        }
    }

    private async Task<IChangeToken?> ResolveAsync(CancellationToken stopping)
    {
        try
        {
            var source = await _resolver.GetEndpointsAsync(_pool.Service, stopping);
            var hosts = IsOutsideConfiguration(source) ? [] : source.Endpoints.Select(endpoint => endpoint.EndPoint).Where(HasPort);
            EndPoint[] addresses = [.. hosts, .. UnixSockets()];
            if (addresses.Length == 0 && (_pool.Options.KeepLastBackends || _pool.Snapshot.Members.IsEmpty))
            {
                Report("has no address");
            }
            else
            {
                _reported = null;
                _pool.SetMembers(addresses);
            }

            return source.ChangeToken;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return null;
        }
        // Providers are plug-ins and throw what they like; whatever it is, the last good set stays.
        catch (Exception exception)
        {
            Report($"cannot be resolved: {exception.Message}");
            return null;
        }
    }

    // A name that the configuration has, with an empty list or with Unix sockets alone, falls through to the
    // pass-through provider, which would offer the name itself as a host. It is none: where the list is empty, no
    // replica runs.
    private bool IsOutsideConfiguration(ServiceEndpointSource source) =>
        ServiceEndpointQuery.TryParse(_pool.Service, out var query)
        && _configuration.GetSection("Services").GetChildren().Any(service => service.Key.Equals(query.ServiceName, StringComparison.OrdinalIgnoreCase))
        && source.Endpoints.All(endpoint => endpoint.Features.Get<IServiceEndpointProvider>()?.ToString() != "Configuration");

    // Service discovery knows hosts and ports, and drops an address whose scheme is another than was asked for.
    private IEnumerable<EndPoint> UnixSockets()
    {
        if (!ServiceEndpointQuery.TryParse(_pool.Service, out var query))
        {
            return [];
        }

        var service = _configuration.GetSection($"Services:{query.ServiceName}");
        var endpoints = string.IsNullOrEmpty(query.EndpointName) ? query.IncludedSchemes : [query.EndpointName];
        return from endpoint in endpoints
               from entry in service.GetSection(endpoint).GetChildren()
               let address = entry.Value ?? ""
               where address.StartsWith(UnixScheme, StringComparison.OrdinalIgnoreCase)
               select new UnixDomainSocketEndPoint(PathOf(address));
    }

    // unix:/path, and unix:///path with the empty host of a URL.
    private static string PathOf(string address)
    {
        var path = address[UnixScheme.Length..];
        return path.StartsWith("//", StringComparison.Ordinal) ? path[2..] : path;
    }

    // "tcp://echo" that is in no configuration passes through as a host with port 0, where nobody listens.
    private static bool HasPort(EndPoint endPoint) => endPoint switch
    {
        UriEndPoint { Uri.Scheme: "unix" } => true,
        IPEndPoint { Port: 0 } or DnsEndPoint { Port: 0 } or UriEndPoint { Uri.Port: <= 0 } => false,
        _ => true,
    };

    private async Task WaitForChangeAsync(IChangeToken? changed, CancellationToken stopping)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancelled = stopping.Register(static state => ((TaskCompletionSource)state!).TrySetResult(), signal);
        if (changed is { ActiveChangeCallbacks: true })
        {
            using var registration = changed.RegisterChangeCallback(static state => ((TaskCompletionSource)state!).TrySetResult(), signal);
            await signal.Task;
        }
        else
        {
            await Task.WhenAny(signal.Task, Task.Delay(changed is null ? RetryDelay : PollingDelay, _time, stopping));
        }
    }

    private void Report(string problem)
    {
        // The same trouble again is not news.
        if (_reported != problem)
        {
            _reported = problem;
            var known = _pool.Snapshot.Members.Length;
            Log.NoAddresses(_logger, _pool.Name, _pool.Service, problem, known == 0 ? "the pool has no backend" : $"known backends are kept: {known}");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(111, LogLevel.Warning, "Pool {Pool}: service '{Service}' {Problem}; {Consequence}.")]
        public static partial void NoAddresses(ILogger logger, string pool, string service, string problem, string consequence);
    }
}
