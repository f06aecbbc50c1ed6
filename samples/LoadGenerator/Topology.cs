namespace LoadGenerator;

/// <summary>What the steps know of the sample topology.</summary>
internal static class Topology
{
    /// <summary>The service behind both balancers, and the pool of either.</summary>
    public const string Catalog = "catalog";

    /// <summary>The same replicas where they end TLS themselves: a pool with checks of its own.</summary>
    public const string CatalogTls = "catalog-tls";

    public const string Canary = "canary";

    public const int Replicas = 3;

    /// <summary>The listener of the Layer 4 balancer in front of it.</summary>
    public const string Listener = "catalog";

    public const string AboutRoute = "about";

    public const string ShopRoute = "shop";
}
