using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Errors;

/// <summary>Answers that the balancer gives by itself.</summary>
internal sealed partial class ErrorAnswers(ILogger<ErrorAnswers> logger)
{
    /// <summary>Answers a request, of whose answer nothing has gone out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="refusal">Why.</param>
    /// <param name="detail">Why, for people, without addresses.</param>
    /// <returns>Ends when the answer is written.</returns>
    public Task WriteAsync(HttpContext context, int status, Refusal refusal, string detail)
    {
        if (BalancedRequest.Of(context) is { } request)
        {
            request.Refusal = refusal;
        }

        Log.Refused(logger, context.Request.Method, context.Request.Path, status, refusal, detail);
        context.Response.Clear();
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(detail + "\n");
    }

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Debug, "{Method} {Path}: answered with {Status}, {Refusal}: {Detail}")]
        public static partial void Refused(ILogger logger, string method, string path, int status, Refusal refusal, string detail);
    }
}
