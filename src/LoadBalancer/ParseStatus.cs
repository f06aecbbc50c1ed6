namespace LoadBalancer;

/// <summary>What a parser makes of the bytes received so far.</summary>
internal enum ParseStatus
{
    /// <summary>They may be the beginning of what is expected.</summary>
    NeedMoreData,

    /// <summary>All of it is there. More bytes do not change the result.</summary>
    Complete,

    /// <summary>No more bytes can make it valid.</summary>
    Malformed,
}
