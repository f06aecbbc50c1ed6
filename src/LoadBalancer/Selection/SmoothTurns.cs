namespace LoadBalancer.Selection;

/// <summary>
/// The turns of weighted round robin, the ones of a heavy backend spread out, in nginx's order: at each turn every
/// backend gains its weight, the one with the most has the turn and pays the sum of all weights.
/// The sequence repeats after the sum of the weights divided by their greatest common divisor.
/// </summary>
/// <remarks>
/// Backends of equal weight have their turns in order, one after the other, so only one of each weight must be compared:
/// the sequence costs its length times the number of different weights, not times the number of backends. 1,000
/// backends with all weights from 1 to 256 cost about 33 million comparisons.
/// </remarks>
internal sealed class SmoothTurns
{
    private readonly int[] _slots;

    public SmoothTurns(ReadOnlySpan<int> weights)
    {
        var divisor = 0;
        var sum = 0;
        foreach (var weight in weights)
        {
            divisor = GreatestCommonDivisor(divisor, weight);
            sum += weight;
        }

        var total = sum / divisor;
        var classes = weights.ToArray().Index().GroupBy(pair => pair.Item / divisor, pair => pair.Index)
            .Select(group => new WeightClass(group.Key, [.. group])).ToArray();
        _slots = new int[total];
        for (var turn = 0; turn < total; turn++)
        {
            var best = classes[0];
            foreach (var other in classes)
            {
                other.Credit += other.Weight;
                if (other.Credit > best.Credit || (other.Credit == best.Credit && other.Slot < best.Slot))
                {
                    best = other;
                }
            }

            _slots[turn] = best.Slot;
            best.HaveTurn(total);
        }
    }

    /// <summary>Turns until the sequence repeats.</summary>
    public int Length => _slots.Length;

    /// <summary>Which backend has a turn.</summary>
    /// <param name="turn">Counted from 0.</param>
    public int this[uint turn] => _slots[(int)(turn % (uint)_slots.Length)];

    private static int GreatestCommonDivisor(int left, int right) => right == 0 ? left : GreatestCommonDivisor(right, left % right);

    /// <summary>Backends of one weight, of which the one that has waited longest stands for all.</summary>
    private sealed class WeightClass(int weight, int[] slots)
    {
        private int _next;

        public int Weight => weight;

        /// <summary>What the one that has waited longest has.</summary>
        public long Credit { get; set; }

        public int Slot => slots[_next];

        public void HaveTurn(int total)
        {
            // Until all have had the turn, the next one has as much as this one had; then all have paid once.
            if (++_next == slots.Length)
            {
                _next = 0;
                Credit -= total;
            }
        }
    }
}
