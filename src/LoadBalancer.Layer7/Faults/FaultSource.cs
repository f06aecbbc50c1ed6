using LoadBalancer.Backends;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer7.Routing;

namespace LoadBalancer.Layer7.Faults;

/// <summary>Where the faults of a request come from. The narrowest that has any decides alone: its backend, its route, its pool.</summary>
internal readonly record struct FaultSource(Route Route, BackendPool Pool, Backend Backend)
{
    /// <summary>The faults in force now; null for none.</summary>
    public FaultOptions? Faults => Backend.Faults ?? Route.Faults ?? Pool.Faults;

    /// <summary>Whether what they delay makes the backend slow. A route's do not: no backend of it is slower than another.</summary>
    public bool IsOfBackend => Backend.Faults is not null || Route.Faults is null;
}
