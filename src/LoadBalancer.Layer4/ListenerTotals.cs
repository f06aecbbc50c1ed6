namespace LoadBalancer.Layer4;

/// <summary>What a listener has done so far.</summary>
internal sealed record ListenerTotals(long Accepted, IReadOnlyDictionary<string, long> Refused, long BytesToBackend, long BytesToClient)
{
    public static ListenerTotals Of(Layer4Listener listener) =>
        new(listener.Accepted, listener.Refusals.ToDictionary(), listener.BytesToBackend, listener.BytesToClient);

    public static ListenerTotals operator +(ListenerTotals one, ListenerTotals? other) => other is null ? one : new(
        one.Accepted + other.Accepted,
        one.Refused.Concat(other.Refused).GroupBy(refused => refused.Key, refused => refused.Value).ToDictionary(same => same.Key, same => same.Sum()),
        one.BytesToBackend + other.BytesToBackend,
        one.BytesToClient + other.BytesToClient);
}
