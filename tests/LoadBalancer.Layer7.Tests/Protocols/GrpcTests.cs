using System.Net;
using System.Net.Http.Headers;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Grpc.Net.Client;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>gRPC through pools that say nothing of versions.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly GrpcEcho _service = new();
    private ScriptedBackend _plain = null!;
    private ScriptedBackend _secure = null!;

    public static MatrixTheoryData<ClientKind, ClientKind> Combinations => new([ClientKind.H2C, ClientKind.H2Tls], [ClientKind.H2C, ClientKind.H2Tls]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _plain = await StartBackendAsync(authority: null);
        _secure = await StartBackendAsync(_authority);
    }

    public async ValueTask DisposeAsync()
    {
        await _plain.DisposeAsync();
        await _secure.DisposeAsync();
        _authority.Dispose();
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_unary_call_passes_with_metadata_and_trailers(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);

        using var call = channel.CreateCallInvoker().AsyncUnaryCall(GrpcEcho.Unary, null, new CallOptions(new Metadata { { "asked", "this" } }, cancellationToken: Cancelled), "hello");

        Assert.Equal("this", (await call.ResponseHeadersAsync).GetValue("before"));
        Assert.Equal("hello", await call.ResponseAsync);
        Assert.Equal(("all", StatusCode.OK), (call.GetTrailers().GetValue("after"), call.GetStatus().StatusCode));
        Assert.Equal([1, 2, 3], call.GetTrailers().GetValueBytes("after-bin"));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_status_passes_with_its_message_and_trailers(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);

        using var call = channel.CreateCallInvoker().AsyncUnaryCall(GrpcEcho.Unary, null, new CallOptions(cancellationToken: Cancelled), "fail");
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal((StatusCode.FailedPrecondition, "not today: ümlaut", "because"), (exception.StatusCode, exception.Status.Detail, exception.Trailers.GetValue("why")));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_stream_from_the_service_passes_head_and_messages_one_by_one(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);

        using var call = channel.CreateCallInvoker().AsyncServerStreamingCall(GrpcEcho.Download, null, new CallOptions(cancellationToken: Cancelled), "3");
        await call.ResponseHeadersAsync;
        for (var i = 1; i <= 3; i++)
        {
            _service.Steps.Release();
            Assert.True(await call.ResponseStream.MoveNext(Cancelled));
            Assert.Equal($"{i}", call.ResponseStream.Current);
        }

        Assert.False(await call.ResponseStream.MoveNext(Cancelled));
        Assert.Equal("all", call.GetTrailers().GetValue("after"));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_stream_to_the_service_passes(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);

        using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(GrpcEcho.Upload, null, new CallOptions(cancellationToken: Cancelled));
        for (var i = 0; i < 100; i++)
        {
            await call.RequestStream.WriteAsync($"{i} ", Cancelled);
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(i => $"{i} ")), await call.ResponseAsync);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Streams_both_ways_answer_each_message_before_the_next(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);

        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(GrpcEcho.Duplex, null, new CallOptions(cancellationToken: Cancelled));
        for (var i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync($"{i}", Cancelled);
            Assert.True(await call.ResponseStream.MoveNext(Cancelled));
            Assert.Equal($"{i}!", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Cancelled));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_call_that_the_client_cancels_is_cancelled_at_the_service_and_no_failure(ClientKind client, ClientKind backend)
    {
        await using var gateway = await StartAsync(backend);
        using var channel = Connect(gateway, client);
        using var impatience = new CancellationTokenSource();
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(GrpcEcho.Duplex, null, new CallOptions(cancellationToken: impatience.Token));
        await call.RequestStream.WriteAsync("1", Cancelled);
        Assert.True(await call.ResponseStream.MoveNext(Cancelled));
        await call.RequestStream.WriteAsync("hang", Cancelled);
        await _service.Hanging.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        await impatience.CancelAsync();

        await _service.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Fact]
    public async Task A_deadline_passes_to_the_service()
    {
        await using var gateway = await StartAsync(ClientKind.H2C);
        using var channel = Connect(gateway, ClientKind.H2C);

        var invoker = channel.CreateCallInvoker();
        // So that there are connections, and the time is the call's alone.
        using var first = invoker.AsyncUnaryCall(GrpcEcho.Unary, null, new CallOptions(cancellationToken: Cancelled), "hello");
        await first.ResponseAsync;

        using var call = invoker.AsyncUnaryCall(GrpcEcho.Unary, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(3), cancellationToken: Cancelled), "hang");

        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
        await _service.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task A_thousand_calls_at_once_pass()
    {
        await using var gateway = await StartAsync(ClientKind.H2C);
        using var channel = Connect(gateway, ClientKind.H2C);
        var invoker = channel.CreateCallInvoker();

        // Ten times as many streams as a connection of Kestrel's has.
        var calls = Enumerable.Range(0, 1_000).Select(_ => invoker.AsyncServerStreamingCall(GrpcEcho.Download, null, new CallOptions(cancellationToken: Cancelled), "1")).ToArray();
        await Task.WhenAll(calls.Select(call => call.ResponseHeadersAsync));
        Assert.Equal(1_000, gateway.Balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Active);
        _service.Steps.Release(1_000);
        await Task.WhenAll(calls.Select(async call =>
        {
            Assert.True(await call.ResponseStream.MoveNext(Cancelled));
            Assert.False(await call.ResponseStream.MoveNext(Cancelled));
        }));

        Array.ForEach(calls, call => call.Dispose());
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [InlineData("application/grpc", "HTTP/2")]
    [InlineData("application/grpc+proto", "HTTP/2")]
    [InlineData("application/grpc; charset=utf-8", "HTTP/2")]
    [InlineData("application/grpc-web", "HTTP/1.1")]
    [InlineData("application/grpc-web-text", "HTTP/1.1")]
    [InlineData("application/json", "HTTP/1.1")]
    public async Task Only_what_needs_HTTP_2_is_sent_so_in_clear_text(string contentType, string expected)
    {
        await using var first = await ScriptedBackend.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol));
        await using var second = await ScriptedBackend.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol), HttpProtocols.Http2);
        await using var gateway = await Gateway.StartAsync(_authority, (expected == "HTTP/2" ? second : first).Address);
        using var client = gateway.CreateClient(ClientKind.H2C);
        using var content = new ByteArrayContent([]);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);

        using var response = await client.PostAsync("/", content, Cancelled);

        Assert.Equal((HttpStatusCode.OK, expected), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled)));
    }

    private static GrpcChannel Connect(Gateway gateway, ClientKind kind) => GrpcChannel.ForAddress(gateway.UriOf(kind), new() { HttpHandler = EnableMany(gateway.CreateHandler()), DisposeHttpClient = true });

    private static SocketsHttpHandler EnableMany(SocketsHttpHandler handler)
    {
        handler.EnableMultipleHttp2Connections = true;
        return handler;
    }

    private Task<Gateway> StartAsync(ClientKind backend) => Gateway.StartAsync(_authority, (backend == ClientKind.H2C ? _plain : _secure).Address);

    private Task<ScriptedBackend> StartBackendAsync(TestAuthority? authority) => ScriptedBackend.StartAsync(
        services => services.AddSingleton(_service).AddSingleton<IServiceMethodProvider<GrpcEcho>>(_service).AddGrpc(),
        app => app.MapGrpcService<GrpcEcho>(),
        HttpProtocols.Http2,
        authority);
}
