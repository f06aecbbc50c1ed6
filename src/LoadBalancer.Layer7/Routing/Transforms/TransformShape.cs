namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>The keys of a transform.</summary>
/// <param name="Name">Its first key, which tells it from others.</param>
/// <param name="Value">What stands at the first key.</param>
/// <param name="OneOf">Keys of which exactly one must be there; none where that does not apply.</param>
/// <param name="Optional">Keys that may be there.</param>
internal sealed record TransformShape(string Name, TransformValue Value, TransformKey[] OneOf, TransformKey[] Optional)
{
    private static readonly TransformKey[] SetOrAppend = [new("Set", TransformValue.HeaderValue), new("Append", TransformValue.HeaderValue)];
    private static readonly TransformKey[] SetOrAppendText = [new("Set", TransformValue.Text), new("Append", TransformValue.Text)];
    private static readonly TransformKey[] SetOrAppendParameter = [new("Set", TransformValue.RouteParameter), new("Append", TransformValue.RouteParameter)];
    private static readonly TransformKey[] When = [new("When", TransformValue.Condition)];

    /// <summary>Every transform: YARP's under its own names, then ours.</summary>
    public static IReadOnlyList<TransformShape> All { get; } =
    [
        new("PathPrefix", TransformValue.Path, [], []),
        new("PathRemovePrefix", TransformValue.Path, [], []),
        new("PathSet", TransformValue.Path, [], []),
        new("PathPattern", TransformValue.PathPattern, [], []),
        new("QueryValueParameter", TransformValue.Text, SetOrAppendText, []),
        new("QueryRouteParameter", TransformValue.Text, SetOrAppendParameter, []),
        new("QueryRemoveParameter", TransformValue.Text, [], []),
        new("HttpMethodChange", TransformValue.Method, [new("Set", TransformValue.Method)], []),
        new("RequestHeadersCopy", TransformValue.Flag, [], []),
        new("RequestHeaderOriginalHost", TransformValue.Flag, [], []),
        new("RequestHeader", TransformValue.Header, SetOrAppend, []),
        new("RequestHeaderRouteValue", TransformValue.Header, SetOrAppendParameter, []),
        new("RequestHeaderRemove", TransformValue.AnyHeader, [], []),
        new("RequestHeadersAllowed", TransformValue.HeaderList, [], []),
        new("X-Forwarded", TransformValue.ForwardedAction, [],
        [
            new("HeaderPrefix", TransformValue.AnyHeader),
            new("For", TransformValue.ForwardedAction),
            new("Prefix", TransformValue.ForwardedAction),
            new("Host", TransformValue.ForwardedAction),
            new("Proto", TransformValue.ForwardedAction),
        ]),
        new("Forwarded", TransformValue.ForwardedParts, [],
        [
            new("Action", TransformValue.ForwardedAction),
            new("ForFormat", TransformValue.NodeFormat),
            new("ByFormat", TransformValue.NodeFormat),
        ]),
        new("ClientCert", TransformValue.AnyHeader, [], []),
        new("ResponseHeadersCopy", TransformValue.Flag, [], []),
        new("ResponseTrailersCopy", TransformValue.Flag, [], []),
        new("ResponseHeader", TransformValue.Header, SetOrAppend, When),
        new("ResponseTrailer", TransformValue.Header, SetOrAppend, When),
        new("ResponseHeaderRemove", TransformValue.AnyHeader, [], When),
        new("ResponseTrailerRemove", TransformValue.AnyHeader, [], When),
        new("ResponseHeadersAllowed", TransformValue.HeaderList, [], []),
        new("ResponseTrailersAllowed", TransformValue.HeaderList, [], []),
        new(ResponseCookieFactory.Key, TransformValue.Cookie, [],
        [
            new(nameof(CookieRule.Domain), TransformValue.Domain),
            new(nameof(CookieRule.Path), TransformValue.CookiePath),
            new(nameof(CookieRule.Prefix), TransformValue.CookiePath),
            new(nameof(CookieRule.Secure), TransformValue.Flag),
            new(nameof(CookieRule.HttpOnly), TransformValue.Flag),
            new(nameof(CookieRule.SameSite), TransformValue.SameSite),
        ]),
        new(ResponseLocationFactory.Key, TransformValue.Location, [], [new(ResponseLocationFactory.SetKey, TransformValue.Location)]),
    ];

    /// <summary>The keys beside the first.</summary>
    public IEnumerable<TransformKey> Keys => [.. OneOf, .. Optional];
}
