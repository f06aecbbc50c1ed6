using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>
/// A tree whose every node knows the better of the two below it, so that the best of all is read at the root. Whoever
/// changes a backend replays the nodes above it, O(log n), without a lock.
/// Source of the idea: the f-arrays of Jayanti, PODC 2002.
/// </summary>
/// <remarks>
/// Loads are read where they are, at the backends; a node holds only the name of its winner. A node is replayed until
/// what it says is what a replay finds, and every write is followed by such a look, so the last one to change anything
/// below a node leaves it right. That needs no version numbers and no second attempt as in the source.
/// While many pick at once the root may be late: one that was stopped between its write and its second look may have
/// left a winner that no longer is. Whoever picks that winner replays all nodes above it and so puts it right.
/// One that releases may stop at a node that is right and has another winner: nothing above depends on its change.
/// </remarks>
internal sealed class Tournament<TOrder>
    where TOrder : struct, ITournamentOrder
{
    private readonly Backend[] _players;
    // Node 1 is the root, those below node k are 2k and 2k + 1; from the number of players on they are the players.
    private readonly int[] _winners;

    public Tournament(Backend[] players)
    {
        _players = players;
        _winners = new int[players.Length];
        for (var node = players.Length - 1; node > 0; node--)
        {
            _winners[node] = Play(node);
        }
    }

    /// <summary>The best.</summary>
    public int Winner => _players.Length == 1 ? 0 : Volatile.Read(ref _winners[1]);

    /// <summary>Takes in that a backend has one active more. One that is no player changes nothing.</summary>
    public void Worsened(Backend backend)
    {
        if (IsPlayer(backend, out var slot))
        {
            for (var node = (slot + _players.Length) / 2; node > 0; node /= 2)
            {
                Replay(node, out _);
            }
        }
    }

    /// <summary>Takes in that a backend has one active less, or another share. One that is no player changes nothing.</summary>
    public void Improved(Backend backend)
    {
        if (IsPlayer(backend, out var slot))
        {
            Improved(slot);
        }
    }

    /// <summary>Takes in that any may have changed.</summary>
    public void RefreshAll()
    {
        for (var slot = 0; slot < _players.Length; slot++)
        {
            Improved(slot);
        }
    }

    // A slot may be of a newer set, which will be told itself.
    private bool IsPlayer(Backend backend, out int slot)
    {
        slot = backend.Slot;
        return slot < _players.Length && _players[slot] == backend;
    }

    private void Improved(int slot)
    {
        for (var node = (slot + _players.Length) / 2; node > 0; node /= 2)
        {
            if (!Replay(node, out var winner) && winner != slot)
            {
                return;
            }
        }
    }

    private bool Replay(int node, out int winner)
    {
        for (var isChanged = false; ; isChanged = true)
        {
            var known = Volatile.Read(ref _winners[node]);
            winner = Play(node);
            if (winner == known)
            {
                return isChanged;
            }

            // A full fence: what is read in the next look must not be older than this write.
            Interlocked.Exchange(ref _winners[node], winner);
        }
    }

    private int Play(int node)
    {
        var left = WinnerOf(node * 2);
        var right = WinnerOf((node * 2) + 1);
        return TOrder.Wins(_players, left, right) ? left : right;
    }

    private int WinnerOf(int node) => node >= _players.Length ? node - _players.Length : Volatile.Read(ref _winners[node]);
}
