using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>
/// The one with the least load for its weight wins, one that is full only against others that are. Of equals the one
/// that was picked longest ago, so that an idle pool is used evenly.
/// </summary>
internal readonly struct LeastLoaded : ITournamentOrder
{
    public static bool Wins(Backend[] players, int left, int right)
    {
        var (one, other) = (players[left], players[right]);
        if (one.IsFull != other.IsFull)
        {
            return other.IsFull;
        }

        var difference = LoadComparison.Compare(one, other);
        if (difference == 0)
        {
            difference = one.PickedInTurn.CompareTo(other.PickedInTurn);
        }

        return difference < 0 || (difference == 0 && left < right);
    }
}
