using System.Net.Sockets;

namespace LoadBalancer.EndToEnd.Tests;

public sealed class StandaloneArgumentTests
{
    [Theory]
    [InlineData("--edge-port", "99999", "--edge-port is '99999'; it must be a port from 1 to 65535")]
    [InlineData("--wire-port", "echo", "--wire-port is 'echo'; it must be a port from 1 to 65535")]
    [InlineData("--tour", "canry", "--tour: 'canry' is not a step of the tour; must be all or some of sees, kept-alive-l4, kept-alive-l7, connections, nat, tls, paths, cache, limits, sticky, canary, slow, kill.")]
    [InlineData("--colour", "red", "--colour")]
    public async Task A_bad_argument_is_named_with_exit_code_1(string option, string value, string expected)
    {
        await using var standalone = TestProcess.Start(BuiltAssemblies.Standalone, [option, value]);

        Assert.Equal(1, await standalone.WaitForExitAsync());
        Assert.Contains(expected, standalone.Output);
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_its_option_before_anything_starts()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;

        await using var standalone = TestProcess.Start(BuiltAssemblies.Standalone, ["--no-dashboard", "--edge-port", $"{port}"]);

        Assert.Equal(1, await standalone.WaitForExitAsync());
        Assert.Contains($"{port}", standalone.Output);
        Assert.Contains("--edge-port", standalone.Output);
        Assert.DoesNotContain("starting", standalone.Output);
    }
}
