using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.ProxyProtocol;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class UnixBackendTests
{
    [Theory]
    [InlineData("unix:")]
    [InlineData("unix://")]
    public async Task A_backend_may_be_a_unix_socket(string scheme)
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("echo.sock");
        await using var backend = TestBackend.Echo(path);
        await using var balancer = await StartAsync($"{scheme}{path}");

        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("hello");
        await client.ReceivesAsync("hello");
        Assert.Equal($"unix:{path}", Assert.Single(balancer.Connections).BackendAddress);
        client.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());
        // The row goes a moment before the line is written.
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0 && balancer.Log.With("Completed").Count > 0);
        Assert.Single(balancer.Log.With("Completed"));
    }

    [Fact]
    public async Task It_is_told_who_the_client_is()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("echo.sock");
        await using var backend = TestBackend.Echo(path);
        await using var balancer = await StartAsync($"unix:{path}");
        await balancer.ChangePoolAsync("backends", pool => pool with { SendProxyProtocol = ProxyProtocolVersion.V1 });

        using var client = await balancer.ConnectAsync();
        client.Finish();

        var header = ProxyHeaderReader.Read(await client.ReceiveToEndAsync());
        Assert.Equal(client.LocalEndPoint, header.Header!.Source);
    }

    [Fact]
    public async Task One_that_nobody_listens_on_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        await using var good = TestBackend.Named("good");
        await using var balancer = await StartAsync($"unix:{folder.PathOf("nobody.sock")}", $"tcp://{good.Address}");

        Assert.Equal("good", await balancer.AskAsync());
        Assert.Equal("good", await balancer.AskAsync());
        Assert.Equal(1, balancer.Pool.Snapshot.Find($"unix:{folder.PathOf("nobody.sock")}")!.Failures);
    }

    private static async Task<TestBalancer> StartAsync(params string[] backends)
    {
        var balancer = await TestBalancer.WithServicesAsync(new() { ["backends"] = backends }, "tcp://");
        await balancer.ApplyAsync(options => options.Layer4.Listeners["wire"] = new() { Address = "127.0.0.1:0", Pool = "backends" });
        return balancer;
    }
}
