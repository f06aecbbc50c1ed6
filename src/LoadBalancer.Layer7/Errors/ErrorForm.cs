namespace LoadBalancer.Layer7.Errors;

/// <summary>The forms of an error answer.</summary>
internal enum ErrorForm
{
    /// <summary>Problem details (RFC 9457).</summary>
    Json,

    /// <summary>A page for people.</summary>
    Html,

    /// <summary>A status of gRPC.</summary>
    Grpc,
}
