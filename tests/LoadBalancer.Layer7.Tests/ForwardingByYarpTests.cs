namespace LoadBalancer.Layer7.Tests;

/// <summary>The same by the other way of forwarding.</summary>
public sealed class ForwardingByYarpTests : ForwardingTests
{
    public ForwardingByYarpTests() => TestBalancer.ForwardByYarp();

    [Fact]
    public void Routes_of_these_tests_have_a_transform() => Assert.NotEmpty(TestBalancer.Options(("all", new())).Layer7.Routes["all"].Transforms);
}
