using System.Text;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Checks arguments by the rules of the configuration contract, so that there is one set of them.</summary>
internal static class Contract
{
    private const string Pool = "pool";
    private const string Subject = "subject";

    /// <exception cref="ArgumentException">The listener breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(Layer4ListenerOptions listener, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer4.Listeners.Add(Subject, listener with { Address = "localhost:1", Pool = Pool });
        Check(file, $"{LoadBalancerOptions.SectionName}:Layer4:Listeners:{Subject}:", argument);
    }

    /// <exception cref="ArgumentException">The route breaks a rule; the message has the value and what is allowed.</exception>
    public static void Check(RouteOptions route, string argument)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Layer7.Routes.Add(Subject, route with { Pool = Pool });
        Check(file, $"{LoadBalancerOptions.SectionName}:Layer7:Routes:{Subject}:", argument);
    }

    /// <exception cref="ArgumentOutOfRangeException">The value is none of the enumeration.</exception>
    public static void Check(SelectionPolicy policy, string argument)
    {
        if (!Enum.IsDefined(policy))
        {
            throw new ArgumentOutOfRangeException(argument, policy, $"Must be {string.Join(", ", Enum.GetNames<SelectionPolicy>())}.");
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The value is neither null nor a port.</exception>
    public static void CheckPort(int? port, string argument)
    {
        if (port is < 1 or > 65_535)
        {
            throw new ArgumentOutOfRangeException(argument, port, "Must be a port from 1 to 65535, or null for a free one.");
        }
    }

    private static void Check(ConfigurationFile file, string prefix, string argument)
    {
        file.LoadBalancer.Pools.Add(Pool, new());
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
}
