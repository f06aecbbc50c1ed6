namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Why the balancer answered a request by itself.</summary>
internal enum Refusal
{
    /// <summary>The route went with a reload while the request was under way.</summary>
    RouteRemoved,

    /// <summary>No backend of the pool can be picked.</summary>
    NoBackend,

    /// <summary>The backend of the client's session is gone or takes no requests, and the route wants no other.</summary>
    SessionGone,

    /// <summary>Every backend is at its limit, and the queue is full.</summary>
    QueueFull,

    /// <summary>Every backend stayed at its limit for longer than a request may wait.</summary>
    QueueTimeout,

    /// <summary>No backend that was tried accepted a connection.</summary>
    NotConnected,

    /// <summary>The backend was too slow.</summary>
    Timeout,

    /// <summary>The backend's answer could not be read or broke off.</summary>
    BadAnswer,

    /// <summary>The request breaks the protocol, can be read in two ways, or asks for what no route gives.</summary>
    Malformed,

    /// <summary>The request is for a host or scheme that is not served here.</summary>
    Misdirected,

    /// <summary>A developer switched a fault on.</summary>
    Fault,

    /// <summary>No route matches the request.</summary>
    NoRoute,

    /// <summary>A route matches but for the method.</summary>
    MethodNotAllowed,

    /// <summary>The request cannot be understood.</summary>
    BadRequest,

    /// <summary>The route is used more often than its rate allows.</summary>
    RateLimited,

    /// <summary>As many requests of the route are under way as may be, and its queue is full.</summary>
    RouteFull,

    /// <summary>The request waited longer than it may for others of its route to end.</summary>
    RouteQueueTimeout,

    /// <summary>The body is larger than the route allows.</summary>
    BodyTooLarge,

    /// <summary>A fault of the balancer itself.</summary>
    InternalError,
}
