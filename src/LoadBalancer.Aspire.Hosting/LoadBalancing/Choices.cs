using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Inputs of commands where one of several is to be chosen.</summary>
internal static class Choices
{
    /// <summary>One of a balancer's pools.</summary>
    public static InteractionInput Pool(string name, string label, LoadBalancerResource balancer) =>
        Of(name, label, [.. balancer.Pools.Select(pool => KeyValuePair.Create(pool.Name, pool.Name))]);

    /// <summary>One of a balancer's routes.</summary>
    public static InteractionInput Route(string name, string label, Layer7LoadBalancerResource balancer) =>
        Of(name, label, [.. balancer.Routes.Select(route => KeyValuePair.Create(route.Key, $"{route.Key} ({route.Value.Path})"))]);

    /// <summary>One of the policies.</summary>
    public static InteractionInput Policy(string name, string label) =>
        Of(name, label, [.. Enum.GetNames<SelectionPolicy>().Select(policy => KeyValuePair.Create(policy, Words(policy)))]);

    /// <summary>One of several; where there is only one, it is chosen.</summary>
    public static InteractionInput Of(string name, string label, IReadOnlyList<KeyValuePair<string, string>> options) => new()
    {
        Name = name,
        Label = label,
        InputType = InputType.Choice,
        Required = true,
        Options = options,
        Value = options.Count == 1 ? options[0].Key : null,
    };

    /// <summary>A name of several words, for people: <c>LeastConnections</c> is <c>Least connections</c>.</summary>
    public static string Words(string name) =>
        string.Concat(name.Select((letter, at) => at > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter.ToString()));
}
