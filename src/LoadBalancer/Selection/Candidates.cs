using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>The backends that policies pick from at one moment; never empty when they are asked.</summary>
public sealed class Candidates
{
    internal static readonly Candidates None = new([], 0);

    private readonly Backend[] _backends;
    // As they were when the set was made: tables are made for them.
    private readonly int[] _weights;

    internal Candidates(Backend[] backends, int hashTableSize)
    {
        _backends = backends;
        _weights = [.. backends.Select(backend => backend.Weight)];
        HashTableSize = hashTableSize;
        for (var slot = 0; slot < backends.Length; slot++)
        {
            backends[slot].Slot = slot;
        }
    }

    /// <summary>The backends, in the order of discovery.</summary>
    public ReadOnlySpan<Backend> Backends => _backends;

    /// <summary>How many there are.</summary>
    public int Count => _backends.Length;

    /// <summary>Entries of the table for consistent hashing.</summary>
    internal int HashTableSize { get; }

    /// <summary>The backends' weights.</summary>
    internal ReadOnlySpan<int> Weights => _weights;

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
}
