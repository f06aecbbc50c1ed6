namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>What may stand at a key of a transform.</summary>
internal enum TransformValue
{
    /// <summary>Anything.</summary>
    Text,

    /// <summary>A path.</summary>
    Path,

    /// <summary>A path with parameters of the route's own path.</summary>
    PathPattern,

    /// <summary>A parameter of the route's path.</summary>
    RouteParameter,

    /// <summary>An HTTP method.</summary>
    Method,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>A header that may be set.</summary>
    Header,

    /// <summary>A header.</summary>
    AnyHeader,

    /// <summary>Headers with semicolons in between.</summary>
    HeaderList,

    /// <summary>What a header may hold.</summary>
    HeaderValue,

    /// <summary>When the answer is changed.</summary>
    Condition,

    /// <summary>What happens to a forwarded header.</summary>
    ForwardedAction,

    /// <summary>What a <c>Forwarded</c> header tells.</summary>
    ForwardedParts,

    /// <summary>How a <c>Forwarded</c> header writes an address.</summary>
    NodeFormat,

    /// <summary>A cookie, or all.</summary>
    Cookie,

    /// <summary>The domain of a cookie; empty for none.</summary>
    Domain,

    /// <summary>The path of a cookie.</summary>
    CookiePath,

    /// <summary>When a cookie goes along with requests from other sites.</summary>
    SameSite,

    /// <summary>The beginning of a URL, or <c>Off</c>.</summary>
    Location,
}
