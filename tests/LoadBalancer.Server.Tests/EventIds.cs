using System.Reflection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tests;

/// <summary>The events that assemblies can log.</summary>
internal static class EventIds
{
    /// <summary>Finds what is wrong with the event ids of some assemblies.</summary>
    /// <param name="assemblies">All of a product, so that none of two may use what another uses.</param>
    /// <returns>A line for each event without an id, and for each id with more than one event.</returns>
    public static IReadOnlyList<string> FindFaults(params Assembly[] assemblies)
    {
        var events = assemblies.SelectMany(All).ToArray();
        return
        [
            .. events.Where(logged => logged.Id <= 0).Select(logged => $"{logged.Where} has no event id"),
            .. events.Where(logged => logged.Id > 0).GroupBy(logged => logged.Id).Where(same => same.Count() > 1)
                .Select(same => $"{same.Key}: {string.Join(", ", same.Select(logged => logged.Where))}"),
        ];
    }

    /// <summary>The events of an assembly.</summary>
    public static IEnumerable<(int Id, LogLevel Level, string Where)> All(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
        where attribute is not null
        select (attribute.EventId, attribute.Level, $"{type.FullName}.{method.Name}");
}
