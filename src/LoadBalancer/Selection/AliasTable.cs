namespace LoadBalancer.Selection;

/// <summary>
/// Draws a backend as often as its weight says, in O(1). Each column stands for one backend and, above a threshold,
/// for another. Source: Walker, ACM TOMS 3(3), 1977; made in O(n) as by Vose, IEEE TSE 17(9), 1991.
/// </summary>
internal sealed class AliasTable
{
    private readonly double[] _thresholds;
    private readonly int[] _aliases;

    public AliasTable(ReadOnlySpan<int> weights)
    {
        var count = weights.Length;
        _thresholds = new double[count];
        _aliases = new int[count];
        // What each column still holds. Whole numbers: rounding would leave columns that are neither full nor not.
        var left = new long[count];
        long total = 0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var small = new Stack<int>();
        var large = new Stack<int>();
        for (var slot = 0; slot < count; slot++)
        {
            left[slot] = (long)weights[slot] * count;
            (left[slot] < total ? small : large).Push(slot);
        }

        while (small.TryPop(out var slot))
        {
            var alias = large.Pop();
            _thresholds[slot] = (double)left[slot] / total;
            _aliases[slot] = alias;
            left[alias] -= total - left[slot];
            (left[alias] < total ? small : large).Push(alias);
        }

        foreach (var slot in large)
        {
            _thresholds[slot] = 1;
        }
    }

    /// <summary>Draws one.</summary>
    /// <param name="unit">A random number, from 0 to below 1: its place decides the column, what is left of it the backend.</param>
    public int Draw(double unit)
    {
        var place = unit * _thresholds.Length;
        var column = (int)place;
        return place - column < _thresholds[column] ? column : _aliases[column];
    }
}
