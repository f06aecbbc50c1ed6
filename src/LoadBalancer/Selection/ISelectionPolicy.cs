using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>Picks a backend. Called from many threads at once; allocates nothing and takes no lock.</summary>
public interface ISelectionPolicy
{
    /// <summary>Which policy this is.</summary>
    SelectionPolicy Kind { get; }

    /// <summary>Picks one of the candidates.</summary>
    /// <param name="candidates">Backends that can take work; never empty.</param>
    /// <param name="clientHash">Hash of the client's address, see <see cref="ClientHash"/>.</param>
    /// <returns>One of <paramref name="candidates"/>.</returns>
    Backend Pick(ReadOnlySpan<Backend> candidates, ulong clientHash);
}
