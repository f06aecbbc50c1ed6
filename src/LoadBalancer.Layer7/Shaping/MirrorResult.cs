namespace LoadBalancer.Layer7.Shaping;

/// <summary>What became of a request that was to be copied.</summary>
internal enum MirrorResult
{
    /// <summary>The copy was answered, whatever the status.</summary>
    Answered,

    /// <summary>The copy could not be sent, or was not answered in time.</summary>
    Failed,

    /// <summary>The pool of the mirror has no backend for it.</summary>
    NoBackend,

    /// <summary>Its body is larger than those that are copied.</summary>
    TooLarge,

    /// <summary>Its body was not read to its end, so that there was nothing whole to copy.</summary>
    Incomplete,

    /// <summary>Too many copies were under way.</summary>
    TooMany,
}
