namespace LoadBalancer.Layer4;

/// <summary>Counts what a listener refused, by reason.</summary>
internal sealed class RefusalCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<CloseReason>().Length];

    public long Total => _counts.Sum();

    public void Add(CloseReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>Takes a count that is kept elsewhere.</summary>
    public void Set(CloseReason reason, long count) => Volatile.Write(ref _counts[(int)reason], count);

    /// <summary>The reasons that there were.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary() => Enum.GetValues<CloseReason>()
        .Where(reason => Volatile.Read(ref _counts[(int)reason]) > 0)
        .ToDictionary(reason => reason.ToString(), reason => Volatile.Read(ref _counts[(int)reason]));
}
