using System.Reflection;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>Where the build put the programs that the tests start.</summary>
internal static class BuiltAssemblies
{
    public static string Server => PathOf("Started:LoadBalancer.Server");

    public static string Catalog => PathOf("Started:Catalog");

    public static string Echo => PathOf("Started:Echo");

    public static string Standalone => PathOf("Started:Standalone");

    public static string RepositoryRoot => PathOf("RepositoryRoot");

    private static string PathOf(string key) => typeof(BuiltAssemblies).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
