using System.Globalization;
using LoadBalancer.Configuration;
using Peers.Contenders;
using Peers.Loads;

namespace Peers.Scenarios;

/// <summary>Every scenario, in the order in which they run.</summary>
internal static class AllScenarios
{
    private const int MostIdleConnections = 10_000;

    // A client's and a backend's socket for each connection in the contender, and some files besides.
    private const int SpareFiles = 2_000;

    public static readonly IReadOnlyList<string> Names = [.. List(int.MaxValue).Select(scenario => scenario.Name)];

    /// <param name="fileLimit">How many files a process may have.</param>
    public static IReadOnlyList<Scenario> List(int fileLimit)
    {
        var idle = Math.Min(MostIdleConnections, (fileLimit - SpareFiles) / 2);
        return
        [
            new("l4-requests", "Keep-alive HTTP requests through TCP mode, 64 connections, 13 bytes", Tcp(new WrkLoad("/13"))),
            new("l4-bulk", "iperf3, 4 TCP streams", Tcp(new IperfLoad()) with { BackendKind = BackendKind.Iperf, Backends = 1 }),
            new("l4-connections", "A new TCP connection for every request, 64 at once", Tcp(new WrkLoad("/13", newConnections: true)) with { Share = 2.0 / 3 }),
            new("l4-idle", $"{idle.ToString("N0", CultureInfo.InvariantCulture)} idle connections beside an active one", Tcp(new IdleLoad(idle)) with { Clients = idle + 1, Share = 2.0 / 3 }),
            new("l4-nat", "As l4-requests; ours by the kernel's NAT, the peers by relaying", Tcp(new WrkLoad("/13")) with { OurJob = "l4-nat", Share = 1.0 / 3 }),
            new("udp", "iperf3, datagrams of 1,400 bytes as fast as they are taken", new Case("", "udp", new IperfLoad(datagrams: true)) { Protocol = Protocol.Tcp, BackendKind = BackendKind.Iperf, Backends = 1 }),
            new("l7-requests", "Keep-alive HTTP/1.1 requests, 64 connections", Http("13 B", "/13"), Http("1 KB", "/1k"), Http("100 KB", "/100k")),
            new("l7-h2", "HTTP/2 with prior knowledge, 16 connections with 4 streams each, 13 bytes", new Case("", "l7", new H2Load("/13")) { Protocol = Protocol.Http2 }),
            new("l7-tls", "Keep-alive HTTP/1.1 requests over TLS, 64 connections, 13 bytes", new Case("", "l7", new WrkLoad("/13", "https")) { Protocol = Protocol.Https }),
            new("l7-cached", "As l7-requests, 1 KB answered from the balancer's cache", new Case("", "l7-cached", new WrkLoad("/cached"))),
            new("l7-connections", "A new connection for every HTTP request, 64 at once", new Case("", "l7", new WrkLoad("/13", newConnections: true)) { Share = 2.0 / 3 }),
            new("l7-telemetry", "As l7-requests, 13 bytes; ours also with its telemetry collected", new Case("", "l7", new WrkLoad("/13")) { WithTelemetry = true }),
            new("policies", "1,600 requests a second from 32 addresses; one of 8 backends takes 150 ms", [.. Enum.GetValues<SelectionPolicy>().Where(HasPeer).Select(WithSlowBackend)]),
            new("startup", "From the start of the process to its first answer", new Case("", "l7", new StartupLoad()) { IsStartup = true }),
            new("scale", "As l7-requests, 13 bytes, with more backends and routes", Size(1, 1), Size(16, 1), Size(256, 1), Size(16, 100), Size(16, 1000)),
        ];
    }

    private static Case Tcp(ILoad load) => new("", "l4", load) { Protocol = Protocol.Tcp };

    private static Case Http(string name, string path) => new(name, "l7", new WrkLoad(path));

    private static Case WithSlowBackend(SelectionPolicy policy) => new(policy.ToString(), "l7", new PacedLoad("/13"))
    {
        Policy = policy,
        Backends = 8,
        SlowBackend = TimeSpan.FromMilliseconds(150),
        Clients = PacedLoad.Connections,
        Share = 1.0 / 3,
    };

    // The last route is asked for: the worst for whoever searches them one by one.
    private static Case Size(int backends, int routes)
    {
        IReadOnlyList<string> paths = routes == 1 ? [""] : [.. Enumerable.Range(0, routes).Select(route => string.Create(CultureInfo.InvariantCulture, $"/service-{route}"))];
        return new($"{backends} backend{(backends == 1 ? "" : "s")}, {routes} route{(routes == 1 ? "" : "s")}", "l7", new WrkLoad($"{paths[^1]}/13"))
        {
            Backends = backends,
            Routes = paths,
            Share = 1.0 / 3,
        };
    }

    // Nobody else has PeakEwma: a case without a peer would be compared with nothing.
    private static bool HasPeer(SelectionPolicy policy) => AllContenders.List.Any(contender => contender.IsPeer && contender.Policies.ContainsKey(policy));
}
