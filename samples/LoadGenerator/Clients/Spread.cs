namespace LoadGenerator.Clients;

/// <summary>Which replica gave how many answers.</summary>
internal static class Spread
{
    /// <summary>Counts by replica; those of <paramref name="all"/> that gave none count 0.</summary>
    public static SortedDictionary<string, int> ByReplica(this IEnumerable<Answer> answers, IEnumerable<string> all) =>
        answers.Select(answer => answer.Replica).CountOf(all);

    public static SortedDictionary<string, int> ByService(this IEnumerable<Answer> answers, params string[] all) =>
        answers.Select(answer => answer.Service).CountOf(all);

    /// <summary>Counts names; those of <paramref name="all"/> that are not among them count 0.</summary>
    public static SortedDictionary<string, int> CountOf(this IEnumerable<string> who, IEnumerable<string> all)
    {
        var counts = new SortedDictionary<string, int>(all.ToDictionary(name => name, _ => 0), StringComparer.Ordinal);
        foreach (var name in who)
        {
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        return counts;
    }
}
