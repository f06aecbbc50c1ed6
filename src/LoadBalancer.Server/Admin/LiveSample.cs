namespace LoadBalancer.Server.Admin;

/// <summary>The figures of one moment, as the live page gets them.</summary>
/// <param name="Number">Its place in the order of samples, from 1.</param>
/// <param name="TakenAt">When, as <see cref="TimeProvider.GetTimestamp"/> says.</param>
/// <param name="Whole">All of it, as JSON.</param>
/// <param name="Changes">What differs from the sample before, see <see cref="JsonChanges"/>; null where the whole says it shorter.</param>
internal sealed record LiveSample(long Number, long TakenAt, ReadOnlyMemory<byte> Whole, ReadOnlyMemory<byte>? Changes);
