using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>Which of two backends wins a <see cref="Tournament{TOrder}"/>.</summary>
internal interface ITournamentOrder
{
    /// <summary>Whether the left one wins. Of two different ones exactly one does.</summary>
    static abstract bool Wins(Backend[] players, int left, int right);
}
