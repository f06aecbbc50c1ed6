using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>The first in the order of discovery wins, one that is full only against others that are.</summary>
internal readonly struct FirstFree : ITournamentOrder
{
    public static bool Wins(Backend[] players, int left, int right)
    {
        var isFull = players[left].IsFull;
        return isFull == players[right].IsFull ? left < right : !isFull;
    }
}
