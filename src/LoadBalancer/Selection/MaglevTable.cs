using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>
/// Maglev's table: every entry names a backend, a key's hash names an entry. Each backend prefers the entries in an
/// order of its own; they choose in turns, each the first of its order that is free, a heavy one more often than a
/// light one. So each has its share, and one that leaves changes few entries that were not its own.
/// Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.
/// </summary>
internal sealed class MaglevTable
{
    private readonly int[] _slots;

    /// <summary>Fills the table: O(size · log size) on average, some milliseconds for 65,537 entries.</summary>
    /// <param name="backends">The backends.</param>
    /// <param name="weights">Their weights.</param>
    /// <param name="size">Entries, a prime: only then does every order reach every entry.</param>
    public MaglevTable(ReadOnlySpan<Backend> backends, ReadOnlySpan<int> weights, int size)
    {
        _slots = new int[size];
        Array.Fill(_slots, -1);
        var heaviest = 1;
        var choosers = new Chooser[backends.Length];
        for (var slot = 0; slot < choosers.Length; slot++)
        {
            choosers[slot] = new(slot, backends[slot], weights[slot], size);
            heaviest = Math.Max(heaviest, weights[slot]);
        }

        // Not the order of discovery: every balancer that has the same backends shall have the same table.
        Array.Sort(choosers, static (left, right) => left.Hash.CompareTo(right.Hash));
        for (long round = 1, free = size; ; round++)
        {
            foreach (ref var chooser in choosers.AsSpan())
            {
                // After every round each has had its share of as many turns as the heaviest had.
                if (chooser.Turns * heaviest >= round * chooser.Weight)
                {
                    continue;
                }

                chooser.Choose(_slots);
                if (--free == 0)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Whose each entry is.</summary>
    public ReadOnlySpan<int> Slots => _slots;

    /// <summary>Finds a key's backend.</summary>
    /// <param name="key">A hash; need not be a good one.</param>
    /// <param name="attempt">0 for the first choice; another number for another choice, which is as lasting.</param>
    public int Find(ulong key, int attempt) => _slots[(int)(Mix(key + ((ulong)attempt * 0x9e3779b97f4a7c15)) % (uint)_slots.Length)];

    // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every input bit reaches every output bit.
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }

    /// <summary>A backend while the table is filled.</summary>
    private struct Chooser(int slot, Backend backend, int weight, int size)
    {
        private readonly uint _skip = (uint)(Mix(backend.Hash) % (uint)(size - 1)) + 1;
        private uint _next = (uint)(backend.Hash % (uint)size);

        public readonly ulong Hash => backend.Hash;

        public readonly int Weight => weight;

        public long Turns { get; private set; }

        public void Choose(int[] slots)
        {
            while (slots[_next] >= 0)
            {
                Step(slots.Length);
            }

            slots[_next] = slot;
            Step(slots.Length);
            Turns++;
        }

        private void Step(int size)
        {
            _next += _skip;
            if (_next >= (uint)size)
            {
                _next -= (uint)size;
            }
        }
    }
}
