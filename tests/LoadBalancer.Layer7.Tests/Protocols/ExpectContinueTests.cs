using System.Net;
using System.Net.Http.Headers;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Expect: 100-continue (RFC 9110 §10.1.1): the backend agrees, or not, before the body is sent.</summary>
public sealed class ExpectContinueTests : IDisposable
{
    // Up to 1 KiB .NET's client sends even after a refusal: less than a connection costs.
    private const int Length = 2_000;

    private static readonly string Head = $"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {Length}\r\nExpect: 100-continue\r\n\r\n";
    private static readonly string Body = new string('x', Length - 3) + "end";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestAuthority _authority = TestAuthority.Create();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task The_client_is_told_to_go_on_when_the_backend_says_so_and_not_before()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var agree = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var backend = new RawBackend(async connection =>
        {
            var head = await connection.ReadHeadAsync();
            if (head.Length == 0)
            {
                return;
            }

            Assert.Contains("Expect: 100-continue", head, StringComparison.OrdinalIgnoreCase);
            asked.TrySetResult();
            await agree.Task;
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            Assert.Equal(Body, await connection.ReadUntilAsync("end"));
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await connection.ReadToEndAsync();
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var client = await gateway.ConnectAsync();

        await client.WriteAsync(Head);
        await asked.Task.WaitAsync(Patience, Cancelled);
        Assert.False(client.HasData);
        agree.SetResult();

        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadHeadAsync().WaitAsync(Patience, Cancelled));
        await client.WriteAsync(Body);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.ReadHeadAsync().WaitAsync(Patience, Cancelled));
        Assert.Equal("ok", await client.ReadUntilAsync("ok"));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(417)]
    public async Task A_backend_that_refuses_gets_no_body_and_the_client_its_answer(int status)
    {
        var after = "";
        await using var backend = new RawBackend(async connection =>
        {
            if ((await connection.ReadHeadAsync()).Length > 0)
            {
                await connection.WriteAsync($"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno");
                after = await connection.ReadToEndAsync();
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using (var client = await gateway.ConnectAsync())
        {
            await client.WriteAsync(Head);

            Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync().WaitAsync(Patience, Cancelled));
            Assert.Equal("no", await client.ReadUntilAsync("no"));
        }

        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
        Assert.Equal("", after);
    }

    [Theory]
    [InlineData(ClientKind.H1, HttpProtocols.Http1, true)]
    [InlineData(ClientKind.H1, HttpProtocols.Http1, false)]
    [InlineData(ClientKind.H1, HttpProtocols.Http2, true)]
    [InlineData(ClientKind.H1, HttpProtocols.Http2, false)]
    [InlineData(ClientKind.H2C, HttpProtocols.Http2, true)]
    [InlineData(ClientKind.H2C, HttpProtocols.Http2, false)]
    [InlineData(ClientKind.H2C, HttpProtocols.Http1, true)]
    [InlineData(ClientKind.H2C, HttpProtocols.Http1, false)]
    public async Task The_expectation_passes_between_versions(ClientKind kind, HttpProtocols protocols, bool agrees)
    {
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                if (!agrees)
                {
                    context.Response.StatusCode = StatusCodes.Status417ExpectationFailed;
                    await context.Response.WriteAsync("no");
                    return;
                }

                using var reader = new StreamReader(context.Request.Body);
                await context.Response.WriteAsync(await reader.ReadToEndAsync());
            },
            protocols);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options =>
            options.Pools["web"].HttpVersion = protocols == HttpProtocols.Http2 ? Configuration.BackendHttpVersion.Http2 : Configuration.BackendHttpVersion.Auto);
        using var client = gateway.CreateClient(kind);
        var wasAsked = false;
        using var content = new AskedContent(() => wasAsked = true);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = content, Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancelled).WaitAsync(Patience, Cancelled);

        Assert.Equal(agrees ? (HttpStatusCode.OK, Body) : (HttpStatusCode.ExpectationFailed, "no"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(agrees, wasAsked);
    }

    [Fact]
    public async Task A_backend_that_says_nothing_gets_the_body_in_the_end()
    {
        await using var backend = new RawBackend(async connection =>
        {
            if ((await connection.ReadHeadAsync()).Length > 0 && await connection.ReadUntilAsync("end") == Body)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                await connection.ReadToEndAsync();
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var client = await gateway.ConnectAsync();

        // As clients do that lose patience with a server that does not answer the expectation.
        await client.WriteAsync(Head + Body);

        Assert.Contains("HTTP/1.1 200 OK\r\n", await client.ReadUntilAsync("\r\n\r\nok").WaitAsync(Patience, Cancelled));
    }

    private sealed class AskedContent : HttpContent
    {
        private readonly Action _asked;

        public AskedContent(Action asked)
        {
            _asked = asked;
            Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            _asked();
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Body), Cancelled);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Length;
            return true;
        }
    }
}
