namespace LoadBalancer.Configuration;

/// <summary>What of an option's value is secret.</summary>
internal enum SecretParts
{
    /// <summary>The whole of it.</summary>
    All,

    /// <summary>What follows a question mark.</summary>
    Query,

    /// <summary>What belongs to a header, cookie or parameter whose name tells of a secret.</summary>
    Named,
}
