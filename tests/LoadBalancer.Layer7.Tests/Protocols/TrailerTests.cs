using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Fields after the body of an answer (RFC 9110 §6.5).</summary>
public sealed class TrailerTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(ClientKind.H2C)]
    [InlineData(ClientKind.H2Tls)]
    public async Task Trailers_of_HTTP_2_reach_clients_of_HTTP_2(ClientKind client)
    {
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                await context.Response.WriteAsync("body");
                context.Response.AppendTrailer("X-Checksum", "42");
            },
            HttpProtocols.Http2);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options => options.Pools["web"].HttpVersion = BackendHttpVersion.Http2);
        using var http = gateway.CreateClient(client);

        using var response = await http.GetAsync("/", Cancelled);

        Assert.Equal(("body", "42"), (await response.Content.ReadAsStringAsync(Cancelled), Assert.Single(response.TrailingHeaders.GetValues("X-Checksum"))));
    }

    [Fact]
    public async Task Trailers_of_HTTP_1_chunks_reach_clients_of_HTTP_2()
    {
        await using var backend = new RawBackend(async connection =>
        {
            if ((await connection.ReadHeadAsync()).Length > 0)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n4\r\nbody\r\n0\r\nX-Checksum: 42\r\n\r\n");
                await connection.ReadToEndAsync();
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var http = gateway.CreateClient(ClientKind.H2C);

        using var response = await http.GetAsync("/", Cancelled);

        Assert.Equal(("body", "42"), (await response.Content.ReadAsStringAsync(Cancelled), Assert.Single(response.TrailingHeaders.GetValues("X-Checksum"))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_of_HTTP_1_gets_the_body_whole_whatever_becomes_of_trailers(bool chunked)
    {
        await using var backend = new RawBackend(async connection =>
        {
            if ((await connection.ReadHeadAsync()).Length > 0)
            {
                await connection.WriteAsync(chunked
                    ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Checksum: 42\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\n\r\nbody");
                await (chunked ? connection.ReadToEndAsync() : Task.CompletedTask);
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var http = gateway.CreateClient(ClientKind.H1);

        Assert.Equal("body", await http.GetStringAsync("/", Cancelled));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }
}
