using LoadBalancer.Configuration;

namespace Standalone;

/// <summary>The configuration of the two balancers: what AppHost.cs says, as the file that the server reads.</summary>
internal static class Balancers
{
    public static Balancer Edge(StandaloneOptions options, IEnumerable<Replica> replicas)
    {
        var file = new ConfigurationFile();
        AddPools(file, "http", replicas, new() { Type = HealthCheckType.Http, Path = "/alive" });
        var balancer = file.LoadBalancer;
        balancer.Name = "edge";
        balancer.Admin.Address = options.EdgeAdmin.Address;
        balancer.Layer7.Listeners["http"] = new() { Address = options.Edge.Address };
        balancer.Layer7.Listeners["https"] = new() { Address = options.EdgeHttps.Address, Tls = new() };

        var routes = balancer.Layer7.Routes;
        routes["auth"] = new() { Path = "/auth/{**rest}", Pool = "auth", RemovePrefix = "/auth" };
        routes["settings"] = new() { Path = "/settings/{**rest}", Pool = "settings", RemovePrefix = "/settings" };
        routes["chat"] = new() { Path = "/chat/{**rest}", Pool = "chat", RemovePrefix = "/chat", SessionAffinity = new() };
        routes["about"] = new() { Path = "/about", Pool = "catalog", Cache = new() { Duration = TimeSpan.FromSeconds(30) } };
        routes["default"] = new() { Path = "/{**rest}", Pool = "catalog", SessionAffinity = new() };
        return new(balancer.Name, options.Edge.Url, options.EdgeAdmin, file);
    }

    public static Balancer Wire(StandaloneOptions options, IEnumerable<Replica> replicas)
    {
        var file = new ConfigurationFile();
        AddPools(file, "tcp", replicas, new() { Type = HealthCheckType.Tcp });
        // An echo has both protocols on one port, so that the TCP check speaks for its UDP side too. Load is counted apart.
        file.LoadBalancer.Pools["echo-udp"] = file.LoadBalancer.Pools[Replicas.Echo] with { };
        var balancer = file.LoadBalancer;
        balancer.Name = "wire";
        balancer.Admin.Address = options.WireAdmin.Address;
        balancer.Layer4.Listeners["echo"] = new() { Address = options.Wire.Address, Pool = Replicas.Echo, Policy = SelectionPolicy.LeastConnections };
        balancer.Layer4.Listeners["echo-udp"] = new() { Address = options.WireUdp.Address, Protocol = Layer4Protocol.Udp, Pool = "echo-udp" };
        return new(balancer.Name, options.Wire.Address, options.WireAdmin, file);
    }

    private static void AddPools(ConfigurationFile file, string scheme, IEnumerable<Replica> replicas, HealthCheckOptions check)
    {
        foreach (var service in replicas.GroupBy(replica => replica.Service))
        {
            var pool = new PoolOptions
            {
                Service = $"{scheme}://{service.Key}",
                Policy = SelectionPolicy.RoundRobin,
                HealthCheck = check with { Interval = TimeSpan.FromMilliseconds(500), Timeout = TimeSpan.FromSeconds(1), Fall = 2, Rise = 1 },
            };
            foreach (var replica in service)
            {
                pool.Backends[replica.Name] = new() { Address = replica.Address };
            }

            file.LoadBalancer.Pools[service.Key] = pool;
            file.Services[service.Key] = new() { [scheme] = [.. service.Select(replica => replica.Address)] };
        }
    }
}
