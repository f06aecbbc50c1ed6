namespace LoadBalancer.Layer7.Caching;

/// <summary>What happens to an answer of a backend.</summary>
internal enum CaptureMode
{
    /// <summary>Its head has not come.</summary>
    Undecided,

    /// <summary>It goes to the client alone.</summary>
    Pass,

    /// <summary>It is kept, and goes to all who wait for it.</summary>
    Fill,

    /// <summary>It confirms what is stored, or is an error in whose place something stored is used: nothing of it goes to the client.</summary>
    SetAside,

    /// <summary>The client asked for something newer than it has, and has the newest; others may want the body.</summary>
    NotModified,

    /// <summary>Nobody wants the body.</summary>
    Drop,
}
