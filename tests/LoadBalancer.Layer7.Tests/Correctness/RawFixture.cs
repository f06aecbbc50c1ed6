using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>A balancer in front of a <see cref="RawBackend"/>, for tests that change nothing of it.</summary>
public sealed class RawFixture : IAsyncLifetime
{
    internal RawBackend Backend { get; } = new();

    internal TestBalancer Balancer { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var options = TestBalancer.Options(
            ("auth", new() { Path = "/auth/{**rest}", RemovePrefix = "/auth" }),
            ("pattern", new() { Path = "/p/{**rest}", Transforms = [new() { ["PathPattern"] = "/v2/{**rest}" }] }),
            ("all", new()));
        options.Layer7.Listeners["h2"] = new() { Address = "127.0.0.1:0", Protocols = HttpListenerProtocols.Http2 };
        Balancer = await Backend.StartBalancerAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        await Balancer.DisposeAsync();
        await Backend.DisposeAsync();
    }

    internal Task<RawAnswer> SendAsync(string request) => RawAnswer.OfAsync(Balancer.Uri, request);
}
