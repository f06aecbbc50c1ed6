namespace Aspire.Hosting.LoadBalancing;

/// <summary>Services with their shares, as the rules of routes have them.</summary>
internal static class BackendRefs
{
    private const int MaxRefs = 16;
    private const long MaxWeight = 1_000_000;

    /// <param name="shares">Pools with the percent of the work that each gets.</param>
    /// <param name="subject">Who asks.</param>
    /// <param name="notes">Gets what is left away.</param>
    public static List<object> Of(IReadOnlyList<(GatewayPool Pool, int Percent)> shares, string subject, List<string> notes)
    {
        // Each pool's weights are made to add up to the same, so that its percent can be multiplied in.
        var sum = shares.Aggregate(1L, (multiple, share) => Multiple(multiple, FirstTier(share.Pool).Sum(backend => (long)backend.Weight)));
        var refs = shares
            .SelectMany(share => FirstTier(share.Pool).Select(backend => (backend, weight: share.Percent * backend.Weight * (sum / FirstTier(share.Pool).Sum(other => (long)other.Weight)))))
            .ToArray();
        var divisor = refs.Aggregate(0L, (divisor, entry) => Divisor(divisor, entry.weight));
        var scale = Math.Max(1, divisor);
        var largest = refs.Max(entry => entry.weight) / scale;
        if (refs.Length > MaxRefs)
        {
            notes.Add($"{subject}: {refs.Length} backends are more than the {MaxRefs} of a rule; the others are left out");
        }

        return [.. refs.Take(MaxRefs).Select(entry => Ref(entry.backend, refs.Length == 1 ? null : Scaled(entry.weight / scale, largest)))];
    }

    public static Dictionary<string, object> Ref(GatewayBackend backend, long? weight = null)
    {
        var reference = new Dictionary<string, object> { ["name"] = backend.Service, ["port"] = backend.Port };
        if (weight is { } share)
        {
            reference["weight"] = share;
        }

        return reference;
    }

    public static GatewayBackend[] FirstTier(GatewayPool pool)
    {
        var first = pool.Backends.Min(backend => backend.Priority);
        return [.. pool.Backends.Where(backend => backend.Priority == first)];
    }

    private static long Scaled(long weight, long largest) =>
        largest <= MaxWeight ? weight : weight == 0 ? 0 : Math.Max(1, (long)((double)weight / largest * MaxWeight));

    private static long Multiple(long left, long right) => left / Divisor(left, right) * right;

    private static long Divisor(long left, long right) => right == 0 ? left : Divisor(right, left % right);
}
