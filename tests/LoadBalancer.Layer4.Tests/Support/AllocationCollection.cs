namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>Tests that measure what the process allocates: nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllocationCollection
{
    public const string Name = "Allocations of the process";
}
