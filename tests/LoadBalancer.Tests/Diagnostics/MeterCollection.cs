namespace LoadBalancer.Tests.Diagnostics;

/// <summary>Tests that must not run while another listens to the process's one meter.</summary>
[CollectionDefinition(Name)]
public sealed class MeterCollection
{
    public const string Name = "The meter";
}
