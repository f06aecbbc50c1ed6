namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>A key of a transform beside its first.</summary>
/// <param name="Name">The key.</param>
/// <param name="Value">What stands there.</param>
internal sealed record TransformKey(string Name, TransformValue Value);
