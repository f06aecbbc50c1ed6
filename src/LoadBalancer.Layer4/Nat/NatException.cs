namespace LoadBalancer.Layer4.Nat;

/// <summary>The kernel cannot be told what to translate; the message is one line.</summary>
internal sealed class NatException(string message) : Exception(message);
