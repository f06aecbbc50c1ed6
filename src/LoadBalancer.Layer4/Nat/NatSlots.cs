using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;

namespace LoadBalancer.Layer4.Nat;

/// <summary>Turns a policy into slots: the kernel picks a number, and the slot of that number is a backend.</summary>
internal static class NatSlots
{
    // Prime, so that no pattern in client addresses falls on a pattern of slots; enough that shares are within a few percent.
    private const int HashSlots = 1021;

    private static readonly SourceHashPolicy ByHash = new();

    /// <summary>How the kernel goes through a policy's slots; null when it cannot follow the policy, because it does not know loads.</summary>
    public static NatPick? PickOf(SelectionPolicy policy) => policy switch
    {
        SelectionPolicy.RoundRobin => NatPick.InTurn,
        SelectionPolicy.SourceHash => NatPick.ByClient,
        _ => null,
    };

    /// <summary>The backend of each slot.</summary>
    /// <param name="pick">How the kernel goes through them.</param>
    /// <param name="backends">Backends that can take connections.</param>
    /// <param name="turn">Which backend is first where they are taken in turn: a kernel that gets new slots starts again with the first.</param>
    public static IReadOnlyList<Backend> Of(NatPick pick, IReadOnlyList<Backend> backends, int turn)
    {
        if (backends.Count == 0)
        {
            return [];
        }

        if (pick == NatPick.ByClient)
        {
            // Rendezvous hashing for each slot: a backend that goes gives up its own slots and no other changes.
            Backend[] candidates = [.. backends];
            return [.. Enumerable.Range(0, HashSlots).Select(slot => ByHash.Pick(candidates, (ulong)slot))];
        }

        var first = turn % backends.Count;
        return [.. backends.Skip(first), .. backends.Take(first)];
    }
}
