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

    // No endpoint has such a name.
    private const string Tls = "(tls)";

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
        foreach (var other in (route.Split?.Pools.Keys ?? Enumerable.Empty<string>()).Append(route.Mirror?.Pool).OfType<string>())
        {
            file.LoadBalancer.Pools.TryAdd(other, new());
        }

        AddListeners(file.LoadBalancer.Layer7);
        var port = 0;
        foreach (var listener in file.LoadBalancer.Layer7.Listeners.Values)
        {
            listener.Address = string.Create(CultureInfo.InvariantCulture, $"localhost:{++port}");
        }

        Check(file, $"{LoadBalancerOptions.SectionName}:Layer7:Routes:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">The listener breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(Layer7ListenerOptions listener, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer7.Listeners.Add(Subject, listener with { Address = "localhost:1" });
        if (listener.Tls is null)
        {
            // Where a redirect leads to may be added later.
            file.LoadBalancer.Layer7.Listeners.Add(Tls, new() { Address = "localhost:2", Tls = new() });
        }

        Check(file, $"{LoadBalancerOptions.SectionName}:Layer7:Listeners:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">Something of Layer 7 breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(Layer7Options options, string argument) =>
        Check(new ConfigurationFile { LoadBalancer = { Layer7 = options } }, $"{LoadBalancerOptions.SectionName}:Layer7:", argument);

    /// <exception cref="ArgumentException">Something breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(LoadBalancerOptions options, string argument) =>
        Check(new ConfigurationFile { LoadBalancer = options }, $"{LoadBalancerOptions.SectionName}:", argument);

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
    public static void Check(LoadBalancerResource balancer, string argument) => ThrowIfAny(ErrorsOf(balancer, complete: false), argument);

    /// <summary>What listeners, routes and pools ask of each other and do not get.</summary>
    /// <param name="balancer">The balancer.</param>
    /// <param name="complete">Whether nothing more will be added to it.</param>
    public static IEnumerable<string> ErrorsOf(LoadBalancerResource balancer, bool complete)
    {
        var file = new ConfigurationFile { LoadBalancer = balancer.Outline() };
        if (!complete)
        {
            AddListeners(file.LoadBalancer.Layer7);
            AddTls(file.LoadBalancer.Layer7);
        }

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

        return ErrorsOf(file, $"{LoadBalancerOptions.SectionName}:");
    }

    /// <exception cref="ArgumentException">The parameter is not a secret, so that the dashboard would show it.</exception>
    public static void CheckSecret(IResourceBuilder<ParameterResource> parameter, string argument)
    {
        ArgumentNullException.ThrowIfNull(parameter, argument);
        if (!parameter.Resource.Secret)
        {
            throw new ArgumentException($"The parameter '{parameter.Resource.Name}' is not a secret; must be added with secret: true.", argument);
        }
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

    /// <exception cref="ArgumentException">The text is empty, or has a colon, which divides keys.</exception>
    public static void CheckKey(string name, string argument)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name, argument);
        if (name.Contains(':'))
        {
            throw new ArgumentException($"'{name}' has a ':', which divides the keys of the configuration; must have none.", argument);
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

    // Those that routes name may still come.
    private static void AddListeners(Layer7Options options)
    {
        foreach (var name in options.Routes.Values.SelectMany(route => route.Listeners))
        {
            options.Listeners.TryAdd(name, new());
        }
    }

    // A listener with TLS may still come; what needs one must not fail before.
    private static void AddTls(Layer7Options options)
    {
        if (options.Listeners.Count > 0 && options.Listeners.Values.All(listener => listener.Tls is null))
        {
            options.Listeners.Add(Tls, new() { Tls = new() });
        }
    }

    private static void Check(ConfigurationFile file, string prefix, string argument) => ThrowIfAny(ErrorsOf(file, prefix), argument);

    private static void ThrowIfAny(IEnumerable<string> errors, string argument)
    {
        if (string.Join("; ", errors) is { Length: > 0 } all)
        {
            throw new ArgumentException($"{all}.", argument);
        }
    }

    private static IEnumerable<string> ErrorsOf(ConfigurationFile file, string prefix)
    {
        file.LoadBalancer.Pools.TryAdd(Pool, new());
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(file.ToJson()));
        var result = ConfigurationReader.Read(new ConfigurationBuilder().AddJsonStream(json).Build());
        return result.Errors.Select(error => error.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            ? $"{error.Key[prefix.Length..]} {error.Message}"
            : error.ToString());
    }

    [GeneratedRegex(@"^[A-Za-z0-9._\-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
