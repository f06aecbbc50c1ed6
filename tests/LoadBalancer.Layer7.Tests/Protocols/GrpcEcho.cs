using System.Text;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>A gRPC service with a method of each kind, whose messages are text.</summary>
internal sealed class GrpcEcho : IServiceMethodProvider<GrpcEcho>
{
    private const string Service = "test.Echo";

    private static readonly Marshaller<string> Text = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

    /// <summary>Answers one message with one; <c>fail</c> with a status and trailers.</summary>
    public static Method<string, string> Unary { get; } = new(MethodType.Unary, Service, nameof(Unary), Text, Text);

    /// <summary>Counts to a number, a message each, when told to go on by <see cref="Steps"/>.</summary>
    public static Method<string, string> Download { get; } = new(MethodType.ServerStreaming, Service, nameof(Download), Text, Text);

    /// <summary>Joins all messages.</summary>
    public static Method<string, string> Upload { get; } = new(MethodType.ClientStreaming, Service, nameof(Upload), Text, Text);

    /// <summary>Answers each message before the next.</summary>
    public static Method<string, string> Duplex { get; } = new(MethodType.DuplexStreaming, Service, nameof(Duplex), Text, Text);

    /// <summary>Released once for each message that <see cref="Download"/> may send.</summary>
    public SemaphoreSlim Steps { get; } = new(0);

    /// <summary>Ends when a call was told to hang.</summary>
    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when a call that hung was cancelled at the service.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    void IServiceMethodProvider<GrpcEcho>.OnServiceMethodDiscovery(ServiceMethodProviderContext<GrpcEcho> context)
    {
        context.AddUnaryMethod(Unary, [], static (echo, request, call) => echo.UnaryAsync(request, call));
        context.AddServerStreamingMethod(Download, [], static (echo, request, answers, call) => echo.DownloadAsync(request, answers, call));
        context.AddClientStreamingMethod(Upload, [], static (_, requests, call) => UploadAsync(requests, call));
        context.AddDuplexStreamingMethod(Duplex, [], static (echo, requests, answers, call) => echo.DuplexAsync(requests, answers, call));
    }

    private async Task<string> UnaryAsync(string request, ServerCallContext context)
    {
        context.ResponseTrailers.Add("after", "all");
        context.ResponseTrailers.Add("after-bin", [1, 2, 3]);
        await context.WriteResponseHeadersAsync(new Metadata { { "before", context.RequestHeaders.GetValue("asked") ?? "" } });
        if (request == "fail")
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "not today: ümlaut"), new Metadata { { "why", "because" } });
        }

        if (request == "hang")
        {
            await HangAsync(context);
        }

        return request;
    }

    private async Task DownloadAsync(string request, IServerStreamWriter<string> answers, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        for (var i = 1; i <= int.Parse(request, System.Globalization.CultureInfo.InvariantCulture); i++)
        {
            await Steps.WaitAsync(context.CancellationToken);
            await answers.WriteAsync($"{i}");
        }

        context.ResponseTrailers.Add("after", "all");
    }

    private static async Task<string> UploadAsync(IAsyncStreamReader<string> requests, ServerCallContext context)
    {
        var all = new StringBuilder();
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            all.Append(request);
        }

        return all.ToString();
    }

    private async Task DuplexAsync(IAsyncStreamReader<string> requests, IServerStreamWriter<string> answers, ServerCallContext context)
    {
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            if (request == "hang")
            {
                await HangAsync(context);
            }

            await answers.WriteAsync($"{request}!");
        }
    }

    private async Task HangAsync(ServerCallContext context)
    {
        Hanging.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Cancelled.TrySetResult();
    }
}
