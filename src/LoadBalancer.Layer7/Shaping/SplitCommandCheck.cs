using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>Finds what is wrong with a command that splits a route.</summary>
internal static class SplitCommandCheck
{
    /// <param name="command">The command.</param>
    /// <param name="own">The route's own pool.</param>
    /// <param name="known">Pools that routes name: those that there are connections for.</param>
    /// <returns>A message a fault; none when it can be carried out.</returns>
    public static IEnumerable<string> Validate(SplitCommand command, string own, string[] known)
    {
        if (command.Pools is null)
        {
            yield return "pools: is missing; must have the percent of the requests by pool";
            yield break;
        }

        foreach (var (pool, percent) in command.Pools)
        {
            if (pool.Equals(own, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"pools.{pool}: is the route's own pool, which gets the rest; must be another";
            }
            else if (!known.Contains(pool, StringComparer.OrdinalIgnoreCase))
            {
                yield return $"pools.{pool}: there is no such pool that routes name; there are {string.Join(", ", known)}";
            }

            if (percent is < 0 or > 100)
            {
                yield return $"pools.{pool}: '{percent}' is out of range; must be 0 to 100";
            }
        }

        if (command.Pools.Keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() < command.Pools.Count)
        {
            yield return "pools: names a pool twice; must name it once";
        }

        if (command.Pools.Values.Sum(percent => (long)percent) is > 100 and var sum)
        {
            yield return $"pools: '{sum}' percent together is out of range; must be 0 to 100";
        }
    }
}
