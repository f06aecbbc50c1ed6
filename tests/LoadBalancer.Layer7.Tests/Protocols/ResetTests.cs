using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Streams that end before their time.</summary>
public sealed class ResetTests : IDisposable
{
    private const int NoError = 0;
    private const int InternalError = 2;
    private const int Cancel = 8;
    private const int EnhanceYourCalm = 11;

    private readonly TestAuthority _authority = TestAuthority.Create();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(InternalError)]
    [InlineData(Cancel)]
    [InlineData(EnhanceYourCalm)]
    public async Task A_stream_that_the_backend_resets_is_reset_with_the_same_code(int code)
    {
        using var received = new SemaphoreSlim(0);
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                await context.Response.WriteAsync("begin");
                await context.Response.Body.FlushAsync();
                await received.WaitAsync();
                context.Features.Get<IHttpResetFeature>()!.Reset(code);
            },
            HttpProtocols.Http2);
        await using var gateway = await StartAsync(backend);
        using var http = gateway.CreateClient(ClientKind.H2C);

        // Twice, since the connection carries on.
        for (var i = 0; i < 2; i++)
        {
            using var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled);
            var stream = await response.Content.ReadAsStreamAsync(Cancelled);
            await stream.ReadExactlyAsync(new byte[5], Cancelled);
            received.Release();
            var exception = await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadExactlyAsync(new byte[1], Cancelled).AsTask());
            Assert.Equal(code, Causes(exception).OfType<HttpProtocolException>().First().ErrorCode);
        }
    }

    [Fact]
    public async Task A_stream_that_the_backend_resets_before_it_answers_is_502()
    {
        await using var backend = await ScriptedBackend.StartAsync(
            context =>
            {
                context.Features.Get<IHttpResetFeature>()!.Reset(InternalError);
                return Task.CompletedTask;
            },
            HttpProtocols.Http2);
        await using var gateway = await StartAsync(backend);
        using var http = gateway.CreateClient(ClientKind.H2C);

        using var response = await http.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }

    [Fact]
    public async Task A_backend_that_has_answered_and_wants_no_more_of_the_request_is_no_failure()
    {
        await using var backend = await ScriptedBackend.StartAsync(
            async context =>
            {
                await context.Response.WriteAsync("enough");
                await context.Response.CompleteAsync();
                context.Features.Get<IHttpResetFeature>()!.Reset(NoError);
            },
            HttpProtocols.Http2);
        await using var gateway = await StartAsync(backend);
        using var http = gateway.CreateClient(ClientKind.H2C);
        using var content = new ByteArrayContent(new byte[10_000_000]);

        using var response = await http.PostAsync("/", content, Cancelled);

        Assert.Equal("enough", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Fact]
    public async Task A_connection_that_the_backend_resets_is_502_before_an_answer_and_broken_off_within()
    {
        var within = false;
        await using var backend = new RawBackend(async connection =>
        {
            if ((await connection.ReadHeadAsync()).Length > 0)
            {
                if (within)
                {
                    await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
                }

                connection.Reset();
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        using var http = gateway.CreateClient(ClientKind.H1);

        using (var response = await http.GetAsync("/", Cancelled))
        {
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        }

        within = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("/", Cancelled));
        // Three attempts of the first; the second had begun to be answered.
        Assert.Equal(4, await gateway.FailuresAfterwardsAsync(atLeast: 4));
    }

    private Task<Gateway> StartAsync(ScriptedBackend backend) => Gateway.StartAsync(_authority, backend.Address, options => options.Pools["web"].HttpVersion = BackendHttpVersion.Http2);

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }
}
