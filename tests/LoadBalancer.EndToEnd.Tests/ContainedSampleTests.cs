using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>The sample's services where they are published to: told that they are in a container.</summary>
public sealed class ContainedSampleTests
{
    [Theory]
    [InlineData("true", "0.0.0.0")]
    [InlineData(null, "127.0.0.1")]
    public async Task Echo_listens_where_the_balancer_can_reach_it(string? isContained, string address)
    {
        var (tcp, udp) = (FreePorts.Take(), FreePorts.Take());
        await using var echo = TestProcess.Start(BuiltAssemblies.Echo, [], new Dictionary<string, string?>
        {
            ["DOTNET_RUNNING_IN_CONTAINER"] = isContained,
            ["ECHO_TCP_PORT"] = $"{tcp}",
            ["ECHO_UDP_PORT"] = $"{udp}",
        });

        await echo.WaitForOutputAsync($"Echo over TCP listens on {address}:{tcp}");
        await echo.WaitForOutputAsync($"Echo over UDP listens on {address}:{udp}");
    }

    [Fact]
    public async Task Catalog_speaks_HTTP_beside_its_own_TLS()
    {
        var (http, tls) = (FreePorts.Take(), FreePorts.Take());
        await using var catalog = TestProcess.Start(BuiltAssemblies.Catalog, [], new Dictionary<string, string?>
        {
            ["ASPNETCORE_URLS"] = null,
            ["ASPNETCORE_HTTP_PORTS"] = $"{http}",
            ["CATALOG_TLS_PORT"] = $"{tls}",
        });

        await catalog.WaitForOutputAsync($"http://[::]:{http}");
        await catalog.WaitForOutputAsync($"https://[::]:{tls}");
    }
}
