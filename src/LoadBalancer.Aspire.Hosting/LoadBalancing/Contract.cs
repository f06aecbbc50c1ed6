using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Checks arguments by the rules of the configuration contract, so that there is one set of them.</summary>
internal static partial class Contract
{
    private const string Pool = "pool";
    private const string Subject = "subject";

    /// <exception cref="ArgumentException">The listener breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(Layer4ListenerOptions listener, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer4.Listeners.Add(Subject, listener with { Address = "localhost:1", Pool = Pool, TlsRoutes = RoutesOf(listener) });
        Check(file, $"{LoadBalancerOptions.SectionName}:Layer4:Listeners:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">The route breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(RouteOptions route, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer7.Routes.Add(Subject, route with { Pool = Pool });
        Check(file, $"{LoadBalancerOptions.SectionName}:Layer7:Routes:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">The pool breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(PoolOptions pool, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Pools.Add(Subject, pool);
        Check(file, $"{LoadBalancerOptions.SectionName}:Pools:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">The backend breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(BackendOptions backend, string argument)
    {
        var file = new ConfigurationFile();
        var pool = new PoolOptions();
        pool.Backends.Add(Subject, backend with { Address = "localhost:1" });
        file.LoadBalancer.Pools.Add(Subject, pool);
        Check(file, $"{LoadBalancerOptions.SectionName}:Pools:{Subject}:Backends:{Subject}:", argument);
    }

    /// <summary>Checks what listeners, routes and pools ask of each other, as far as they are known.</summary>
    /// <exception cref="ArgumentException">Some of it cannot be together; the message says what.</exception>
    public static void Check(LoadBalancerResource balancer, string argument)
    {
        var file = new ConfigurationFile { LoadBalancer = balancer.Outline() };
        // Where they listen is known later, and differs.
        var port = 0;
        var listeners = file.LoadBalancer.Layer4.Listeners;
        foreach (var (name, listener) in listeners.ToArray())
        {
            listeners[name] = listener with { Address = string.Create(CultureInfo.InvariantCulture, $"localhost:{++port}") };
        }

        foreach (var listener in file.LoadBalancer.Layer7.Listeners.Values)
        {
            listener.Address = string.Create(CultureInfo.InvariantCulture, $"localhost:{++port}");
        }

        Check(file, $"{LoadBalancerOptions.SectionName}:", argument);
    }

    /// <exception cref="ArgumentOutOfRangeException">The value is none of the enumeration.</exception>
    public static void CheckDefined<T>(T value, string argument)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(argument, value, $"Must be {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }

    /// <exception cref="ArgumentException">The text cannot be a part of a key.</exception>
    public static void CheckName(string name, string ofWhat, string argument)
    {
        ArgumentNullException.ThrowIfNull(name, argument);
        if (!Name().IsMatch(name))
        {
            throw new ArgumentException($"'{name}' is not a name of {ofWhat}; must be ASCII letters, digits, '-', '_' and '.'.", argument);
        }
    }

    /// <exception cref="ArgumentException">There is no value.</exception>
    public static string[] NotEmpty(string[] values, string argument)
    {
        ArgumentNullException.ThrowIfNull(values, argument);
        return values.Length > 0 ? values : throw new ArgumentException("Must have at least one value.", argument);
    }

    /// <exception cref="ArgumentOutOfRangeException">The value is neither null nor a port.</exception>
    public static void CheckPort(int? port, string argument)
    {
        if (port is < 1 or > 65_535)
        {
            throw new ArgumentOutOfRangeException(argument, port, "Must be a port from 1 to 65535, or null for a free one.");
        }
    }

    // A listener is checked while it is being described: routes do not lead anywhere yet, and what needs one may come before it.
    private static Dictionary<string, TlsRouteOptions> RoutesOf(Layer4ListenerOptions listener)
    {
        var routes = listener.TlsRoutes.ToDictionary(route => route.Key, route => route.Value with { Pool = Pool });
        if (listener is { HashKey: Layer4HashKey.ServerName, Protocol: Layer4Protocol.Tcp, Mode: Layer4Mode.Relay })
        {
            routes.TryAdd(Subject, new() { Pool = Pool });
        }

        return routes;
    }

    private static void Check(ConfigurationFile file, string prefix, string argument)
    {
        file.LoadBalancer.Pools.TryAdd(Pool, new());
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(file.ToJson()));
        var result = ConfigurationReader.Read(new ConfigurationBuilder().AddJsonStream(json).Build());
        if (result.Errors.Count > 0)
        {
            var errors = result.Errors.Select(error => error.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
                ? $"{error.Key[prefix.Length..]} {error.Message}"
                : error.ToString());
            throw new ArgumentException($"{string.Join("; ", errors)}.", argument);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._\-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
