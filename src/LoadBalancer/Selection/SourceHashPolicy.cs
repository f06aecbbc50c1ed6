using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The same backend for the same client, by weighted rendezvous hashing: each backend gets a score from the client
/// and itself, the highest wins, so a backend that leaves or joins moves no client between the others. O(n).
/// Source: Thaler and Ravishankar, IEEE/ACM ToN 6(1), 1998; weights as −w / ln(u) after Schindelhauer and
/// Schomaker, "Weighted Distributed Hash Tables", SPAA 2005.
/// </summary>
public sealed class SourceHashPolicy : ISelectionPolicy
{
    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.SourceHash;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        var best = candidates[0];
        var highest = double.NegativeInfinity;
        foreach (var candidate in candidates.Backends)
        {
            var score = -candidate.Weight / Math.Log(ToUnit(Mix(request.Key ^ candidate.Hash)));
            if (score > highest)
            {
                highest = score;
                best = candidate;
            }
        }

        return best;
    }

    // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every input bit reaches every output bit.
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }

    // The upper 53 bits as a number in (0, 1): never 0 or 1, whose logarithms the score cannot use.
    private static double ToUnit(ulong x) => ((x >> 11) + 0.5) * (1.0 / (1UL << 53));
}
