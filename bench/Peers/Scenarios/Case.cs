using LoadBalancer.Configuration;
using Peers.Contenders;
using Peers.Loads;

namespace Peers.Scenarios;

/// <summary>One configuration under one load. A scenario has one or several.</summary>
/// <param name="Name">What tells it from the scenario's other cases; empty where it is the only one.</param>
/// <param name="Job">Name of the configurations, see <see cref="Contender"/>.</param>
/// <param name="Load">The load.</param>
internal sealed record Case(string Name, string Job, ILoad Load)
{
    /// <summary>Our own configuration, where it does the job in another way than the peers.</summary>
    public string? OurJob { get; init; }

    /// <summary>What clients speak.</summary>
    public Protocol Protocol { get; init; } = Protocol.Http1;

    /// <summary>How backends are picked.</summary>
    public SelectionPolicy Policy { get; init; } = SelectionPolicy.RoundRobin;

    /// <summary>What the backends are.</summary>
    public BackendKind BackendKind { get; init; } = BackendKind.Http;

    /// <summary>How many of them.</summary>
    public int Backends { get; init; } = 2;

    /// <summary>How long the last backend takes for an answer; zero for no longer than the others.</summary>
    public TimeSpan SlowBackend { get; init; }

    /// <summary>The paths that have a route each; an empty one is every path.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [""];

    /// <summary>The most clients at once.</summary>
    public int Clients { get; init; } = 64;

    /// <summary>Share of <c>--seconds</c> that a run takes: scenarios with many cases take less.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Whether ours takes part with its telemetry collected as well.</summary>
    public bool WithTelemetry { get; init; }

    /// <summary>Whether what is measured is the start itself.</summary>
    public bool IsStartup { get; init; }

    public string JobOf(Contender contender) => contender.Folder == AllContenders.Ours ? OurJob ?? Job : Job;
}
