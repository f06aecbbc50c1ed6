namespace LoadBalancer.Layer7.Tests.Telemetry;

/// <summary>Tests of what happens while nobody listens: a listener of another test would be heard as well.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class UnheardCollection
{
    public const string Name = "Nobody listens";
}
