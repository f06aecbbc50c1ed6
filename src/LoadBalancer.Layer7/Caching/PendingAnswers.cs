namespace LoadBalancer.Layer7.Caching;

/// <summary>Requests that are under way for one address, and whether what they bring may still be stored.</summary>
internal sealed class PendingAnswers(string key)
{
    public string Key => key;

    /// <summary>How many there are.</summary>
    public int Count { get; set; }

    /// <summary>Whether the address was invalidated after they had begun: their answers may be of before.</summary>
    public bool AreOutdated { get; set; }
}
