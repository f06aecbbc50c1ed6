using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.AccessLog;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Errors;

/// <summary>Answers that the balancer gives by itself, in the form that the client asks for.</summary>
/// <param name="isDevelopment">Whether addresses and causes are told unless the options say otherwise.</param>
/// <param name="logger">Gets a line for each, at level Debug.</param>
internal sealed partial class ErrorAnswers(bool isDevelopment, ILogger<ErrorAnswers> logger)
{
    // When there will be room again nobody knows; at once there is none.
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(1);

    private volatile Layer7Options _options = new();

    /// <summary>Takes what a changed configuration says.</summary>
    public void Apply(Layer7Options options) => _options = options;

    /// <summary>What finds a request in traces and logs.</summary>
    public static string TraceIdOf(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <summary>Answers a request, of whose answer nothing has gone out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="refusal">Why.</param>
    /// <param name="detail">Why, for people, without addresses and without anything that the client sent.</param>
    /// <param name="retryAfter">Time after which another try makes sense, if somebody knows.</param>
    /// <returns>Ends when the answer is written.</returns>
    public Task WriteAsync(HttpContext context, int status, Refusal refusal, string detail, TimeSpan? retryAfter = null)
    {
        Refused.Set(context, refusal);
        Layer7Telemetry.RecordRefused(BalancedRequest.Of(context)?.Route.Name, refusal);
        if (logger.IsEnabled(LogLevel.Debug))
        {
            Log.Refused(logger, context.Request.Method, LogText.Visible(context.Request.Path), status, refusal, detail);
        }

        if (refusal is Refusal.QueueFull or Refusal.QueueTimeout or Refusal.RouteFull or Refusal.RouteQueueTimeout)
        {
            retryAfter ??= UsualWait;
        }

        var answer = Describe(context, status, refusal, detail, retryAfter);
        var response = context.Response;
        // RFC 9110 §15.5.6 demands it of 405.
        var allowed = response.Headers.Allow;
        response.Clear();
        response.StatusCode = status;
        response.Headers.Allow = allowed;
        response.Headers.CacheControl = "no-store";
        if (answer.RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (status == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            // The rest of the body is not read.
            response.Headers.Connection = "close";
        }

        return WriteAsync(context, answer);
    }

    private ErrorAnswer Describe(HttpContext context, int status, Refusal refusal, string detail, TimeSpan? retryAfter)
    {
        var request = BalancedRequest.Of(context);
        var attempt = (_options.DetailedErrors ?? isDevelopment) ? request?.Attempt : null;
        return new(
            status,
            refusal,
            detail,
            TraceIdOf(context),
            request?.Route.Name,
            request?.Pool.Name,
            attempt?.Backend.Id,
            Explain(attempt?.Exception),
            retryAfter is { } wait ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : null);
    }

    // What went wrong first, where more did.
    private static string? Explain(Exception? exception) =>
        ((exception as AggregateException)?.InnerExceptions[0] ?? exception?.InnerException) is { } inner ? Explain(inner) : exception?.Message;

    private static Task WriteAsync(HttpContext context, ErrorAnswer answer)
    {
        var response = context.Response;
        ReadOnlyMemory<byte> body;
        switch (ErrorForms.Of(context.Request))
        {
            case ErrorForm.Grpc:
                GrpcStatus.Write(response, context.Request.ContentType!, answer);
                return Task.CompletedTask;
            case ErrorForm.Html:
                body = ErrorPage.Write(answer);
                response.ContentType = ErrorPage.ContentType;
                response.Headers.ContentSecurityPolicy = ErrorPage.SecurityPolicy;
                break;
            default:
                body = ProblemWriter.Write(answer);
                response.ContentType = ProblemWriter.ContentType;
                break;
        }

        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Debug, "{Method} {Path}: answered with {Status}, {Refusal}: {Detail}")]
        public static partial void Refused(ILogger logger, string method, string path, int status, Refusal refusal, string detail);
    }
}
