using LoadBalancer.Configuration;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Contenders;

/// <summary>Everyone who is measured, in the order of the tables.</summary>
internal static class AllContenders
{
    public const string Ours = "ours";

    private static readonly Contender OurServer = new(Ours)
    {
        Command = file => Command.Dotnet(BuiltAssemblies.PathOf("LoadBalancer.Server"), "--config", file),
        Protocols = new Dictionary<Protocol, string>
        {
            [Protocol.Tcp] = "",
            [Protocol.Http1] = """ "Protocols": "Http1" """,
            [Protocol.Http2] = """ "Protocols": "Http2" """,
            [Protocol.Https] = """ "Protocols": "Http1", "Tls": { "Certificates": { "bench": { "Path": "{{certificate}}" } } } """,
        },
    };

    public static readonly IReadOnlyList<Contender> List =
    [
        new("direct"),
        OurServer,
        OurServer with { Name = "ours, metrics", TellsMore = true, HasMetrics = true },
        OurServer with
        {
            Name = "ours, OTLP",
            TellsMore = true,
            Environment = new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:{{collector}}",
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            },
        },
        new("haproxy")
        {
            IsPeer = true,
            Program = "haproxy",
            Extension = "cfg",
            Command = file => new(Programs.Find("haproxy")!, "-db", "-f", file),
            Policies = new Dictionary<SelectionPolicy, string>
            {
                [SelectionPolicy.RoundRobin] = "roundrobin",
                [SelectionPolicy.LeastConnections] = "leastconn",
                [SelectionPolicy.PowerOfTwoChoices] = "random(2)",
                [SelectionPolicy.SourceHash] = "source",
                [SelectionPolicy.WeightedRoundRobin] = "roundrobin",
                [SelectionPolicy.Random] = "random(1)",
                [SelectionPolicy.First] = "first",
            },
            Protocols = new Dictionary<Protocol, string>
            {
                [Protocol.Tcp] = "",
                [Protocol.Http1] = "",
                [Protocol.Http2] = " proto h2",
                [Protocol.Https] = " ssl crt {{certificate}} alpn http/1.1",
            },
        },
        new("nginx")
        {
            IsPeer = true,
            Program = "nginx",
            Extension = "conf",
            Command = file => new(Programs.Find("nginx")!, "-e", "stderr", "-c", file),
            Policies = new Dictionary<SelectionPolicy, string>
            {
                // Round robin is what an upstream does without a word.
                [SelectionPolicy.RoundRobin] = "",
                [SelectionPolicy.LeastConnections] = "least_conn;",
                [SelectionPolicy.PowerOfTwoChoices] = "random two least_conn;",
                [SelectionPolicy.SourceHash] = "hash $remote_addr consistent;",
                [SelectionPolicy.WeightedRoundRobin] = "",
                [SelectionPolicy.Random] = "random;",
                [SelectionPolicy.ConsistentHash] = "hash $remote_addr consistent;",
            },
            Protocols = new Dictionary<Protocol, string>
            {
                [Protocol.Tcp] = "",
                [Protocol.Http1] = "",
                [Protocol.Http2] = " http2",
                [Protocol.Https] = " ssl; ssl_certificate {{certificate}}; ssl_certificate_key {{certificate}}",
            },
        },
        new("yarp")
        {
            IsPeer = true,
            Command = file => Command.Dotnet(BuiltAssemblies.PathOf("BareYarp"), file),
            Policies = new Dictionary<SelectionPolicy, string>
            {
                [SelectionPolicy.RoundRobin] = "RoundRobin",
                [SelectionPolicy.LeastConnections] = "LeastRequests",
                [SelectionPolicy.PowerOfTwoChoices] = "PowerOfTwoChoices",
                [SelectionPolicy.Random] = "Random",
                [SelectionPolicy.First] = "FirstAlphabetical",
            },
            Protocols = new Dictionary<Protocol, string>
            {
                [Protocol.Http1] = """ "Protocols": "Http1" """,
                [Protocol.Http2] = """ "Protocols": "Http2" """,
                [Protocol.Https] = """ "Protocols": "Http1", "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{certificate}}" } """,
            },
        },
    ];
}
