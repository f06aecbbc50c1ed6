using System.ComponentModel;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Configuration.Tests;

/// <summary>The contract by reflection.</summary>
internal static class Contract
{
    /// <summary>Every record that configuration keys bind to.</summary>
    public static IEnumerable<Type> Records() => typeof(LoadBalancerOptions).Assembly.GetExportedTypes()
        .Where(type => type.IsClass && type.Namespace == typeof(LoadBalancerOptions).Namespace && type.Name.EndsWith("Options", StringComparison.Ordinal));

    /// <summary>Every property that a configuration key binds to.</summary>
    public static IEnumerable<PropertyInfo> Properties() => Records().SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite));

    public static string? Description(this PropertyInfo property) => property.GetCustomAttribute<DescriptionAttribute>()?.Description;

    public static object? Default(this PropertyInfo property) => property.GetValue(Activator.CreateInstance(property.DeclaringType!));

    public static IEnumerable<string> AsEnumerableKeys(this IConfiguration configuration) => configuration.AsEnumerable().Select(pair => pair.Key);
}
