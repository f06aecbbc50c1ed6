using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// Picks a backend. Called from many threads at once; allocates nothing and takes no lock. It may pick one that is
/// excluded or full: the pool then asks again with the next attempt, and in the end looks for itself.
/// </summary>
public interface ISelectionPolicy
{
    /// <summary>Which policy this is.</summary>
    SelectionPolicy Kind { get; }

    /// <summary>Picks one of the candidates.</summary>
    /// <param name="candidates">Backends that can take work; never empty.</param>
    /// <param name="request">What is known of the connection or request.</param>
    /// <returns>One of <paramref name="candidates"/>.</returns>
    Backend Pick(Candidates candidates, in PickRequest request);
}
