using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>However much passes, no more is kept than before.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MemoryTests : IDisposable
{
    private const int MiB = 1024 * 1024;
    private const long Flat = 48 * MiB;

    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly byte[] _chunk = new byte[64 * 1024];
    private long _before;
    private long _highest;
    private int _measured;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(ClientKind.H1, ClientKind.H1, 256)]
    [InlineData(ClientKind.H2C, ClientKind.H2C, 128)]
    [InlineData(ClientKind.H2C, ClientKind.H1, 128)]
    [InlineData(ClientKind.H2Tls, ClientKind.H1Tls, 128)]
    public async Task A_large_body_goes_down_and_up_with_flat_memory(ClientKind client, ClientKind backend, int size)
    {
        var large = (long)size * MiB;
        await using var server = await ScriptedBackend.StartAsync(
            context => HttpMethods.IsGet(context.Request.Method) ? SendAsync(context, large) : CountAsync(context),
            backend == ClientKind.H2C ? HttpProtocols.Http2 : HttpProtocols.Http1,
            backend == ClientKind.H1Tls ? _authority : null);
        await using var gateway = await Gateway.StartAsync(_authority, server.Address, options =>
            options.Pools["web"].HttpVersion = backend == ClientKind.H2C ? BackendHttpVersion.Http2 : BackendHttpVersion.Auto);
        using var http = gateway.CreateClient(client);
        _before = GC.GetTotalMemory(forceFullCollection: true);

        var received = 0L;
        var buffer = new byte[_chunk.Length];
        using (var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled))
        {
            var stream = await response.Content.ReadAsStreamAsync(Cancelled);
            while (await stream.ReadAsync(buffer, Cancelled) is > 0 and var read)
            {
                Measure(received, received += read);
            }
        }

        using var body = new LiveContent(async stream =>
        {
            for (var sent = 0L; sent < large; sent += _chunk.Length)
            {
                await stream.WriteAsync(_chunk, Cancelled);
                Measure(sent, sent + _chunk.Length);
            }
        });
        using var posted = await http.PostAsync("/", body, Cancelled);

        Assert.Equal((large, $"{large}"), (received, await posted.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(2 * large / (32 * MiB), _measured);
        Assert.InRange(_highest, 0, Flat);
    }

    // What is alive now and then, not what was allocated.
    private void Measure(long before, long now)
    {
        if (before / (32 * MiB) != now / (32 * MiB))
        {
            _measured++;
            _highest = Math.Max(_highest, GC.GetTotalMemory(forceFullCollection: true) - _before);
        }
    }

    private async Task SendAsync(HttpContext context, long length)
    {
        context.Response.ContentLength = length;
        for (var sent = 0L; sent < length; sent += _chunk.Length)
        {
            await context.Response.Body.WriteAsync(_chunk, context.RequestAborted);
        }
    }

    private static async Task CountAsync(HttpContext context)
    {
        var buffer = new byte[64 * 1024];
        var length = 0L;
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            length += read;
        }

        await context.Response.WriteAsync($"{length}");
    }
}
