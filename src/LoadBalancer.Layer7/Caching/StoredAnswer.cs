namespace LoadBalancer.Layer7.Caching;

/// <summary>A whole answer in memory. One that was confirmed is another object with the same body and count.</summary>
internal sealed class StoredAnswer(AnswerHead head, byte[] body, HitCount hits)
{
    public AnswerHead Head => head;

    public byte[] Body => body;

    public HitCount Hits => hits;

    /// <summary>Bytes that it takes.</summary>
    public long Size { get; } = head.Size + body.Length;

    public StoredAnswer With(AnswerHead newer) => new(newer, body, hits);
}
