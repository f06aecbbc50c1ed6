using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Requests;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Forwards the plain case by itself: HTTP/1.1 in clear text to the backend, no upgrade, none of YARP's transforms but
/// <see cref="RouteOptions.RemovePrefix"/>. It does what YARP does there, with less: the head goes from Kestrel's
/// fields into one buffer and one send, the answer is read from its bytes, and what can be used again is.
/// </summary>
internal sealed class Http1Forwarder : IForwarder, IDisposable
{
    private const int BufferSize = 8 * 1024;

    private static readonly Action<object?> Abort = static connection => ((BackendConnection)connection!).Close(CloseCause.Aborted);

    [ThreadStatic]
    private static AnswerHead? _head;

    private readonly ConnectionSweep _sweep = new();
    private readonly ConditionalWeakTable<Backend, Target> _targets = [];

    // Nothing is awaited between reading a head and using what was read.
    private static AnswerHead Head => _head ??= new();

    /// <summary>Whether a request is one of the plain case.</summary>
    public static bool CanForward(HttpContext context, Attempt attempt)
    {
        var (request, version, options) = (context.Request, attempt.Request.Pool.Options.HttpVersion, attempt.Request.Route.Options);
        return !attempt.Backend.IsHttps
            && (version == BackendHttpVersion.Http1 || (version == BackendHttpVersion.Auto && !RequestConfigs.IsGrpc(request.ContentType)))
            && options.Transforms.Length == 0
            && attempt.Hedge is null
            && !attempt.Request.IsUpgrade
            && request.Headers.Upgrade.Count == 0
            && request.Headers.Expect.Count == 0
            && RequestHead.CanWriteQuery(request.QueryString.Value)
            && (context.Features.Get<RequestPath>() is null ? RequestHead.CanWritePath(request.Path.Value) : options.RemovePrefix is null);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ForwarderError> SendAsync(HttpContext context, Attempt attempt, CancellationToken cancellation)
    {
        var target = _targets.GetValue(attempt.Backend, backend => new(backend, _sweep));
        var route = attempt.Request.Route;
        var timeouts = route.Options.Timeouts;
        var idle = (long)timeouts.Idle.TotalMilliseconds;
        var hasBody = attempt.Request.HasBody;
        var isBodyWhole = !hasBody;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        var length = 0;
        var bodySent = 0L;
        var isRetry = false;
        BackendConnection? connection = null;
        RequestBodySender? body = null;
        attempt.RequestSent = false;
        try
        {
            while (true)
            {
                connection = isRetry ? null : target.Connections.TryTake(isSure: !attempt.Request.IsIdempotent);
                var isUsed = connection is not null;
                connection ??= await target.Connections.ConnectAsync(timeouts.Connect, context.RequestAborted, cancellation);
                using var aborted = context.RequestAborted.UnsafeRegister(Abort, connection);
                using var cancelled = cancellation.UnsafeRegister(Abort, connection);
                if (length == 0)
                {
                    length = WriteHead(context, attempt, target, hasBody, ref buffer);
                    if (hasBody && RequestBodySender.IsServersOwn(context.Request))
                    {
                        // What is taken from the client here is not there for another attempt.
                        attempt.RequestSent = true;
                        (length, bodySent, isBodyWhole) = RequestBodySender.AppendTo(buffer, length, context.Request);
                    }
                }

                connection.ExpireAfter(idle);
                var send = connection.SendAsync(buffer.AsMemory(0, length));
                // One that is closed already takes nothing at all, and says so at once.
                var isWaiting = !send.IsCompleted;
                attempt.RequestSent |= isWaiting;
                var isSent = await send;
                var isRefused = !isSent && !isWaiting;
                attempt.RequestSent |= isSent;
                var received = Channel.Broken;
                if (isSent)
                {
                    body = isBodyWhole ? null : RequestBodySender.Start(context.Request, bodySent, connection, idle);
                    while ((received = connection.TryReceive()) == Channel.WouldBlock)
                    {
                        await connection.WaitToReceiveAsync();
                    }
                }

                if (received <= 0 && isUsed && body is null && connection.Cause is CloseCause.None or CloseCause.Stale
                    && (isRefused || attempt.Request.IsIdempotent))
                {
                    // The backend closed the connection, which had rested, before it saw the request.
                    connection.End();
                    isRetry = true;
                    continue;
                }

                string? fault = null;
                var status = 0;
                while (received > 0 && (status = Read(connection, out fault)) == 0 && fault is null)
                {
                    while ((received = connection.TryReceive()) == Channel.WouldBlock)
                    {
                        await connection.WaitToReceiveAsync();
                    }
                }

                if (status == 0)
                {
                    return Fail(context, attempt, connection, body, fault);
                }

                if (attempt.Span is { } span)
                {
                    AttemptSpan.Answered(span, status, HttpVersion.Version11);
                }

                if (!attempt.Accept(status))
                {
                    return ForwarderError.None;
                }

                var head = Head;
                Apply(head, context);
                if (head.HasLocation)
                {
                    route.Locations.Apply(context, target.Url, target.OtherHost);
                }

                var isChunked = head.IsChunked;
                var bodyLength = HasNoBody(context.Request.Method, status) ? 0 : isChunked ? null : head.ContentLength;
                var mayKeep = head.KeepsAlive && (isChunked || bodyLength is not null) && MayFollow(status, head);
                var error = ForwarderError.None;
                if (bodyLength > connection.Unread.Length || bodyLength is null)
                {
                    error = isChunked
                        ? await AnswerBody.CopyChunksAsync(context, connection, timeouts.Idle)
                        : await AnswerBody.CopyAsync(context, connection, bodyLength, timeouts.Idle);
                }
                else if (bodyLength > 0)
                {
                    var write = context.Response.BodyWriter.WriteAsync(connection.UnreadMemory[..(int)bodyLength], CancellationToken.None);
                    error = await AnswerBody.IsTakenAsync(write, connection, timeouts.Idle) ? ForwarderError.None : ForwarderError.ResponseBodyClient;
                    connection.Consume((int)bodyLength);
                }

                if (error != ForwarderError.None)
                {
                    return FailBody(context, attempt, connection, error);
                }

                if (mayKeep && (body is null || await body.IsSentAsync()))
                {
                    // It is about to be somebody else's: from here on this client does not close it.
                    aborted.Dispose();
                    cancelled.Dispose();
                    target.Connections.Keep(connection);
                    connection = null;
                }

                return ForwarderError.None;
            }
        }
        catch (Exception exception) when (connection is null && exception is SocketException or OperationCanceledException)
        {
            return FailToConnect(context, attempt, exception, cancellation);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return Fail(context, attempt, ForwarderError.RequestBodyClient, (exception as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest, exception);
        }
        finally
        {
            if (body is not null)
            {
                await body.StopAsync();
            }

            connection?.End();

            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Closes every connection.</summary>
    public void Dispose() => _sweep.Dispose();

    private static ForwarderError FailToConnect(HttpContext context, Attempt attempt, Exception exception, CancellationToken cancellation) =>
        exception is SocketException ? Fail(context, attempt, ForwarderError.Request, StatusCodes.Status502BadGateway, exception)
        : IsEnded(context, cancellation) ? FailEnded(context, attempt, exception)
        : FailTimedOut(context, attempt, RouteTimeout.Connect, new TimeoutException("The backend did not accept a connection in time.", exception));

    // Why there is no answer: whoever closed the connection knows.
    private static ForwarderError Fail(HttpContext context, Attempt attempt, BackendConnection connection, RequestBodySender? body, string? fault) => connection.Cause switch
    {
        CloseCause.Expired => FailTimedOut(context, attempt, RouteTimeout.Idle, new TimeoutException("The backend sent nothing in time.")),
        CloseCause.Aborted when body is { Error: ForwarderError.RequestBodyClient, Exception: var exception } =>
            Fail(context, attempt, body.Error, (exception as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest, exception),
        CloseCause.Aborted => FailEnded(context, attempt, null),
        _ when body is { Error: ForwarderError.RequestBodyDestination } => Fail(context, attempt, body.Error, StatusCodes.Status502BadGateway, body.Exception),
        _ => Fail(context, attempt, ForwarderError.Request, StatusCodes.Status502BadGateway, fault is null
            ? new HttpRequestException(HttpRequestError.ResponseEnded, "The backend closed the connection before its answer had come.")
            : new HttpRequestException(HttpRequestError.InvalidResponse, $"The backend's answer was refused: {fault}.")),
    };

    private static ForwarderError FailTimedOut(HttpContext context, Attempt attempt, RouteTimeout timeout, TimeoutException exception)
    {
        attempt.Timeout = timeout;
        return Fail(context, attempt, ForwarderError.RequestTimedOut, StatusCodes.Status504GatewayTimeout, exception);
    }

    private static ForwarderError FailEnded(HttpContext context, Attempt attempt, Exception? exception) =>
        Fail(context, attempt, ForwarderError.RequestCanceled, context.RequestAborted.IsCancellationRequested ? StatusCodes.Status400BadRequest : StatusCodes.Status502BadGateway, exception ?? new OperationCanceledException());

    // What has gone to the client cannot be taken back: it must not take a part for the whole.
    private static ForwarderError FailBody(HttpContext context, Attempt attempt, BackendConnection connection, ForwarderError error)
    {
        if (error == ForwarderError.ResponseBodyClient)
        {
            connection.ForgetBuffer();
        }

        var isExpired = connection.Cause == CloseCause.Expired;
        error = isExpired || connection.Cause == CloseCause.Aborted ? ForwarderError.ResponseBodyCanceled : error;
        attempt.Timeout = isExpired ? RouteTimeout.Idle : null;
        attempt.Exception = isExpired
            ? new TimeoutException("The backend stopped in the middle of its answer.")
            : new IOException(error == ForwarderError.ResponseBodyDestination ? "The backend broke off its answer, or what it sent is malformed." : "The client no longer takes the answer.");
        if (!context.Response.HasStarted)
        {
            context.Response.Clear();
            return Fail(context, attempt, error, StatusCodes.Status502BadGateway, attempt.Exception);
        }

        if (context.Features.Get<IHttpResetFeature>() is { } reset)
        {
            reset.Reset(ResetCodes.For(context.Request.Protocol, error == ForwarderError.ResponseBodyCanceled ? ResetCodes.Cancel : ResetCodes.InternalError));
        }
        else
        {
            context.Abort();
        }

        return error;
    }

    private static ForwarderError Fail(HttpContext context, Attempt attempt, ForwarderError error, int status, Exception? exception)
    {
        attempt.Exception = exception;
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = status;
        }

        return error;
    }

    private static bool IsEnded(HttpContext context, CancellationToken cancellation) => context.RequestAborted.IsCancellationRequested || cancellation.IsCancellationRequested;

    // Status 0: the head is not whole, or has a fault. Interim answers are dropped: nobody asked for them.
    private static int Read(BackendConnection connection, out string? fault)
    {
        var head = Head;
        while (head.Read(connection.Unread, out var length) is var result)
        {
            if (result != HeadStatus.Complete || head.Status == StatusCodes.Status101SwitchingProtocols)
            {
                fault = result == HeadStatus.Complete ? "it switches to a protocol that was not asked for" : head.Fault;
                return 0;
            }

            connection.Consume(length);
            if (head.Status >= StatusCodes.Status200OK)
            {
                break;
            }
        }

        fault = null;
        return head.Status;
    }

    private static void Apply(AnswerHead head, HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = head.Status;
        if (head.Reason is { } reason && context.Features.Get<IHttpResponseFeature>() is { } feature)
        {
            feature.ReasonPhrase = reason;
        }

        var headers = response.Headers;
        var mayAppend = head.MayRepeat || headers.Count > 0;
        foreach (var field in head.Fields)
        {
            if (mayAppend)
            {
                Append(headers, field);
            }
            else
            {
                headers[field.Name] = field.Value;
            }
        }

        // 204 has no body and says so already; YARP takes a length of nothing from 205 as well.
        if (head.ContentLength is { } length && head.Status != StatusCodes.Status204NoContent && (head.Status != StatusCodes.Status205ResetContent || length != 0))
        {
            headers.ContentLength = length;
        }
    }

    private static void Append(IHeaderDictionary headers, AnswerField field)
    {
        var before = headers[field.Name];
        // What the balancer has set already goes for the whole site.
        if (before.Count == 0 || !field.Name.Equals(HeaderNames.StrictTransportSecurity, StringComparison.OrdinalIgnoreCase))
        {
            headers[field.Name] = StringValues.Concat(before, field.Value);
        }
    }

    private static int WriteHead(HttpContext context, Attempt attempt, Target target, bool hasBody, ref byte[] buffer)
    {
        ReadOnlySpan<char> path = RequestPath.Of(context);
        string? removed = null;
        if (attempt.Request.Route.Locations.Paths is { RemovedPrefix: { } prefix, EncodedPrefix: var encoded }
            && path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
        {
            path = path[prefix.Length..];
            removed = encoded;
        }

        if (attempt.Span is { } span)
        {
            // As it is: a path that begins with two slashes is none of another host.
            AttemptSpan.Address(span, $"{target.Url.GetLeftPart(UriPartial.Authority)}{(path is [] ? "/" : path)}", context.Request.QueryString.Value is { Length: > 1 });
        }

        return RequestHead.Write(context, target.Host, path, removed, hasBody, ref buffer);
    }

    // Where there can be no body, a head that promises one may be followed by it all the same, in front of the next answer.
    private static bool MayFollow(int status, AnswerHead head) => status switch
    {
        StatusCodes.Status204NoContent => !head.IsChunked && head.ContentLength is null or 0,
        StatusCodes.Status205ResetContent => head.ContentLength == 0,
        _ => true,
    };

    private static bool HasNoBody(string method, int status) =>
        HttpMethods.IsHead(method) || status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified;
}
