using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>
/// The backends that policies pick from at one moment; never empty when they are asked. It holds the tables that
/// policies need. The first pick that needs one makes it; a set that takes the place of one whose table was used is
/// born with it, so that no pick waits.
/// </summary>
public sealed class Candidates
{
    /// <summary>Most backends that are looked through one by one: for so few that is cheaper than to keep an order.</summary>
    internal const int MostScanned = 32;

    internal static readonly Candidates None = new([], 0);

    private readonly Backend[] _backends;
    // As they were when the set was made: tables are made for them.
    private readonly int[] _weights;
    private readonly LazyTable<SmoothTurns> _turns;
    private readonly LazyTable<AliasTable> _aliases;
    private readonly LazyTable<MaglevTable> _hashes;
    private readonly LazyTable<Tournament<LeastLoaded>> _leastLoaded;
    private readonly LazyTable<Tournament<FirstFree>> _firstFree;
    private volatile int[] _warming = [];
    private uint _warmed;

    internal Candidates(Backend[] backends, int hashTableSize, Candidates? before = null)
    {
        _backends = backends;
        _weights = [.. backends.Select(backend => backend.Weight)];
        HashTableSize = hashTableSize;
        for (var slot = 0; slot < backends.Length; slot++)
        {
            backends[slot].Slot = slot;
        }

        _turns = new(this, static set => new(set.Weights), before?._turns);
        _aliases = new(this, static set => new(set.Weights), before?._aliases);
        _hashes = new(this, static set => new(set.Backends, set.Weights, set.HashTableSize), before?._hashes);
        _leastLoaded = new(this, static set => new(set._backends), before?._leastLoaded);
        _firstFree = new(this, static set => new(set._backends), before?._firstFree);
    }

    /// <summary>The backends, in the order of discovery.</summary>
    public ReadOnlySpan<Backend> Backends => _backends;

    /// <summary>How many there are.</summary>
    public int Count => _backends.Length;

    /// <summary>Entries of the table for consistent hashing.</summary>
    internal int HashTableSize { get; }

    /// <summary>The backends' weights.</summary>
    internal ReadOnlySpan<int> Weights => _weights;

    internal SmoothTurns Turns => _turns.Get();

    internal AliasTable Aliases => _aliases.Get();

    internal MaglevTable Hashes => _hashes.Get();

    /// <summary>The backend with the least load for its weight. Kept for more than <see cref="MostScanned"/> backends.</summary>
    internal Tournament<LeastLoaded> LeastLoaded => Settled(_leastLoaded);

    /// <summary>The first backend that is not full. Kept for more than <see cref="MostScanned"/> backends.</summary>
    internal Tournament<FirstFree> FirstFree => Settled(_firstFree);

    /// <summary>Whether a policy keeps the order of loads, which must then hear of every change.</summary>
    internal bool OrdersLoads => _leastLoaded.Made is not null;

    /// <summary>How many tables there are by now.</summary>
    internal int TablesMade => new object?[] { _turns.Made, _aliases.Made, _hashes.Made, _leastLoaded.Made, _firstFree.Made }.Count(made => made is not null);

    /// <summary>One of the backends.</summary>
    /// <param name="index">From 0, in the order of discovery.</param>
    public Backend this[int index] => _backends[index];

    /// <summary>Whether a new set would be this one: then it stays, with the tables that were made for it.</summary>
    internal bool IsSameAs(ReadOnlySpan<Backend> backends, int hashTableSize)
    {
        if (hashTableSize != HashTableSize || !backends.SequenceEqual(_backends))
        {
            return false;
        }

        for (var i = 0; i < backends.Length; i++)
        {
            if (backends[i].Weight != _weights[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Notes that a backend has one active more.</summary>
    internal void Acquired(Backend backend)
    {
        if (_leastLoaded.Made is { } leastLoaded)
        {
            leastLoaded.Worsened(backend);
        }

        if (_firstFree.Made is { } firstFree && backend.IsFull)
        {
            firstFree.Worsened(backend);
        }
    }

    /// <summary>Notes that a backend has one active less.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="left">How many it has now.</param>
    internal void Released(Backend backend, int left)
    {
        if (_leastLoaded.Made is { } leastLoaded)
        {
            leastLoaded.Improved(backend);
        }

        if (_firstFree.Made is { } firstFree && left == backend.MaxConnections - 1)
        {
            firstFree.Improved(backend);
        }
    }

    /// <summary>Takes in what changed while this set was made and nobody told it, and limits and slow starts that changed since.</summary>
    internal void Settle()
    {
        _warming = [.. Enumerable.Range(0, _backends.Length).Where(slot => _backends[slot].SlowStart is not null)];
        _leastLoaded.Made?.RefreshAll();
        _firstFree.Made?.RefreshAll();
    }

    /// <summary>
    /// Brings one of the backends in their slow start up to date in the order of loads: their share grows although
    /// nothing happens to them. One a pick, so that a pick stays O(log n).
    /// </summary>
    internal void RefreshWarming()
    {
        var warming = _warming;
        if (warming.Length > 0)
        {
            LeastLoaded.Improved(_backends[warming[(int)(Interlocked.Increment(ref _warmed) % (uint)warming.Length)]]);
        }
    }

    private static Tournament<TOrder> Settled<TOrder>(LazyTable<Tournament<TOrder>> table)
        where TOrder : struct, ITournamentOrder
    {
        var isNew = table.Made is null;
        var tournament = table.Get();
        if (isNew)
        {
            // What changed before others could see it was not told to it.
            tournament.RefreshAll();
        }

        return tournament;
    }
}
