using System.Buffers.Binary;
using System.IO.Hashing;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>Turns a policy into slots: the kernel picks a number, and the slot of that number is a backend.</summary>
internal static class NatSlots
{
    // Prime, so that no pattern in client addresses falls on a pattern of slots; enough that shares are within a few percent.
    private const int HashSlots = 1021;

    /// <summary>How the kernel goes through a policy's slots.</summary>
    /// <param name="policy">A policy that needs no loads: the validation lets no other through.</param>
    public static NatPick PickOf(SelectionPolicy policy) => policy switch
    {
        SelectionPolicy.RoundRobin or SelectionPolicy.WeightedRoundRobin => NatPick.InTurn,
        SelectionPolicy.Random => NatPick.AtRandom,
        SelectionPolicy.SourceHash => NatPick.ByClient,
        _ => throw new ArgumentOutOfRangeException(nameof(policy), policy, "is no policy for Mode Nat"),
    };

    /// <summary>Whether the kernel can pick by a policy.</summary>
    public static bool CanBe(SelectionPolicy policy) =>
        policy is SelectionPolicy.RoundRobin or SelectionPolicy.WeightedRoundRobin or SelectionPolicy.Random or SelectionPolicy.SourceHash;

    /// <summary>The backend of each slot.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="targets">Backends that can take connections.</param>
    /// <param name="turn">Which slot is first where they are taken in turn: a kernel that gets new slots starts again with the first.</param>
    public static IReadOnlyList<NatTarget> Of(SelectionPolicy policy, IReadOnlyList<NatTarget> targets, int turn)
    {
        if (targets.Count == 0)
        {
            return [];
        }

        switch (policy)
        {
            case SelectionPolicy.SourceHash:
                return [.. Enumerable.Range(0, HashSlots).Select(slot => targets.MaxBy(target => Score(slot, target.Backend))!)];
            case SelectionPolicy.Random:
                return [.. targets.SelectMany(target => Enumerable.Repeat(target, target.Backend.Weight / CommonDivisor(targets)))];
            default:
                var slots = policy == SelectionPolicy.WeightedRoundRobin ? Spread(targets) : targets;
                var first = turn % slots.Count;
                return [.. slots.Skip(first), .. slots.Take(first)];
        }
    }

    // nginx's "smooth" weighted round robin: everybody gains its weight, who has most is next and pays the sum of weights.
    private static NatTarget[] Spread(IReadOnlyList<NatTarget> targets)
    {
        var divisor = CommonDivisor(targets);
        var sum = targets.Sum(target => target.Backend.Weight / divisor);
        var credits = new int[targets.Count];
        var slots = new NatTarget[sum];
        for (var slot = 0; slot < sum; slot++)
        {
            var next = 0;
            for (var i = 0; i < credits.Length; i++)
            {
                credits[i] += targets[i].Backend.Weight / divisor;
                next = credits[i] > credits[next] ? i : next;
            }

            credits[next] -= sum;
            slots[slot] = targets[next];
        }

        return slots;
    }

    private static int CommonDivisor(IReadOnlyList<NatTarget> targets)
    {
        var divisor = 0;
        foreach (var target in targets)
        {
            for (var (a, b) = (target.Backend.Weight, divisor); ; (a, b) = (b, a % b))
            {
                if (b == 0)
                {
                    divisor = a;
                    break;
                }
            }
        }

        return divisor;
    }

    // Weighted rendezvous hashing, −w / ln(u) after Schindelhauer and Schomaker, SPAA 2005: a backend that goes gives up
    // its own slots, and no other slot changes.
    private static double Score(int slot, Backend backend)
    {
        Span<byte> bytes = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, slot);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[4..], backend.Hash);
        // The upper 53 bits as a number in (0, 1): never 0 or 1, whose logarithms the score cannot use.
        return -backend.Weight / Math.Log(((XxHash3.HashToUInt64(bytes) >> 11) + 0.5) * (1.0 / (1UL << 53)));
    }
}
