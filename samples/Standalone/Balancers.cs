using LoadBalancer.Configuration;

namespace Standalone;

/// <summary>The configuration of the two balancers: what AppHost.cs says, as the file that the server reads.</summary>
internal static class Balancers
{
    private const string CatalogTls = "catalog-tls";

    public static Balancer Edge(StandaloneOptions options, IEnumerable<Replica> replicas)
    {
        var file = new ConfigurationFile();
        AddPools(file, "http", replicas.Where(replica => replica.Service != Replicas.Echo), new() { Type = HealthCheckType.Http, Path = "/alive" });
        var balancer = file.LoadBalancer;
        balancer.Name = "edge";
        balancer.Admin.Address = options.EdgeAdmin.Address;
        balancer.Layer7.Listeners["http"] = new() { Address = options.Edge.Address };
        balancer.Layer7.Listeners["https"] = new() { Address = options.EdgeHttps.Address, Tls = new() };

        var routes = balancer.Layer7.Routes;
        routes["auth"] = new() { Path = "/auth/{**rest}", Pool = "auth", RemovePrefix = "/auth" };
        routes["settings"] = new() { Path = "/settings/{**rest}", Pool = "settings", RemovePrefix = "/settings" };
        routes["chat"] = new() { Path = "/chat/{**rest}", Pool = "chat", RemovePrefix = "/chat", SessionAffinity = new() };
        routes["shop"] = new() { Path = "/shop/{**rest}", Pool = Replicas.Catalog, RemovePrefix = "/shop", Split = new() { Pools = { [Replicas.Canary] = 0 } } };
        routes["limited"] = new() { Path = "/limited/{**rest}", Pool = Replicas.Catalog, RemovePrefix = "/limited", RateLimit = new() { Requests = 5 } };
        routes["about"] = new() { Path = "/about", Pool = Replicas.Catalog, Cache = new() { Duration = TimeSpan.FromSeconds(30) } };
        routes["default"] = new() { Path = "/{**rest}", Pool = Replicas.Catalog, SessionAffinity = new() };
        return new(balancer.Name, options.Edge.Url, options.EdgeAdmin, file);
    }

    public static Balancer Wire(StandaloneOptions options, IEnumerable<Replica> replicas)
    {
        var file = new ConfigurationFile();
        var check = new HealthCheckOptions { Type = HealthCheckType.Tcp };
        AddPools(file, "tcp", replicas.Where(replica => replica.Service is Replicas.Echo or Replicas.Catalog), check);
        AddPool(file, "tcp", CatalogTls, replicas.Where(replica => replica.TlsPort is not null).Select(replica => replica with { Port = replica.TlsPort!.Value }), check);
        // An echo has both protocols on one port, so that the TCP check speaks for its UDP side too. Load is counted apart.
        file.LoadBalancer.Pools["echo-udp"] = file.LoadBalancer.Pools[Replicas.Echo] with { };
        var balancer = file.LoadBalancer;
        balancer.Name = "wire";
        balancer.Admin.Address = options.WireAdmin.Address;
        balancer.Layer4.Listeners["echo"] = new() { Address = options.Wire.Address, Pool = Replicas.Echo, Policy = SelectionPolicy.LeastConnections };
        balancer.Layer4.Listeners["echo-udp"] = new() { Address = options.WireUdp.Address, Protocol = Layer4Protocol.Udp, Pool = "echo-udp" };
        balancer.Layer4.Listeners["catalog"] = new() { Address = options.WireCatalog.Address, Pool = Replicas.Catalog };
        balancer.Layer4.Listeners["catalog-tls"] = new() { Address = options.WireTls.Address, TlsRoutes = { ["catalog"] = new() { ServerNames = ["localhost"], Pool = CatalogTls } } };
        return new(balancer.Name, options.Wire.Address, options.WireAdmin, file);
    }

    private static void AddPools(ConfigurationFile file, string scheme, IEnumerable<Replica> replicas, HealthCheckOptions check)
    {
        foreach (var service in replicas.GroupBy(replica => replica.Service))
        {
            AddPool(file, scheme, service.Key, service, check);
        }
    }

    private static void AddPool(ConfigurationFile file, string scheme, string name, IEnumerable<Replica> replicas, HealthCheckOptions check)
    {
        var pool = new PoolOptions
        {
            Service = $"{scheme}://{name}",
            Policy = SelectionPolicy.RoundRobin,
            // A replica that is gone refuses at once. The time is for one that has to wait for the machine.
            HealthCheck = check with { Interval = TimeSpan.FromMilliseconds(500), Timeout = TimeSpan.FromSeconds(5), Fall = 2, Rise = 1 },
        };
        foreach (var replica in replicas)
        {
            pool.Backends[replica.Name] = new() { Address = replica.Address };
        }

        file.LoadBalancer.Pools[name] = pool;
        file.Services[name] = new() { [scheme] = [.. pool.Backends.Values.Select(backend => backend.Address!)] };
    }
}
