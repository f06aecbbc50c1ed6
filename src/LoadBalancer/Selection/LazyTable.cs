namespace LoadBalancer.Selection;

/// <summary>A table that is made when it is first asked for, or at once where the table before was used.</summary>
/// <typeparam name="T">The table.</typeparam>
internal sealed class LazyTable<T>
    where T : class
{
    private readonly Candidates _candidates;
    private readonly Func<Candidates, T> _make;
    private T? _made;
    private volatile bool _isUsed;

    public LazyTable(Candidates candidates, Func<Candidates, T> make, LazyTable<T>? before)
    {
        _candidates = candidates;
        _make = make;
        if (before is { _isUsed: true })
        {
            if (candidates.Count > 0)
            {
                _made = make(candidates);
            }
            else
            {
                // Nobody can be picked, so nobody can show that the table is still used.
                _isUsed = true;
            }
        }
    }

    /// <summary>The table; null when it was not made yet.</summary>
    public T? Made => Volatile.Read(ref _made);

    /// <summary>The table. Two that ask at once may both make it; both get the same.</summary>
    public T Get()
    {
        if (!_isUsed)
        {
            _isUsed = true;
        }

        return Made ?? Make();
    }

    private T Make()
    {
        var made = _make(_candidates);
        return Interlocked.CompareExchange(ref _made, made, null) ?? made;
    }
}
