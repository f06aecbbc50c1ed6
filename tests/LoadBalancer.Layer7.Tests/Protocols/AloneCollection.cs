namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Tests that look at the whole process and so run while no other does.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
