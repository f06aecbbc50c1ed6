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

    /// <summary>The property that a key below the section LoadBalancer binds to; null where the key is an entry's name or a list's index.</summary>
    public static PropertyInfo? PropertyAt(string key) => At(key).Property;

    /// <summary>The type that a key below the section LoadBalancer binds to.</summary>
    public static Type TypeAt(string key) => At(key).Type;

    /// <summary>The type of a property, without the question mark.</summary>
    public static Type Bare(this PropertyInfo property) => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    public static string FullName(this PropertyInfo property) => $"{property.DeclaringType!.Name}.{property.Name}";

    public static string? Description(this PropertyInfo property) => property.GetCustomAttribute<DescriptionAttribute>()?.Description;

    public static object? Default(this PropertyInfo property) => property.GetValue(Activator.CreateInstance(property.DeclaringType!));

    public static IEnumerable<string> AsEnumerableKeys(this IConfiguration configuration) => configuration.AsEnumerable().Select(pair => pair.Key);

    private static (Type Type, PropertyInfo? Property) At(string key)
    {
        PropertyInfo? property = null;
        var type = typeof(LoadBalancerOptions);
        foreach (var segment in key.Split(':').Skip(1))
        {
            // An entry of a dictionary or a list.
            if (type.IsArray || type.IsGenericType)
            {
                type = type.IsArray ? type.GetElementType()! : type.GetGenericArguments()[1];
                property = null;
                continue;
            }

            property = type.GetProperty(segment) ?? throw new ArgumentException($"{type.Name} has no {segment}", nameof(key));
            type = property.PropertyType;
        }

        return (type, property);
    }
}
