using System.Globalization;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>Answers a client from memory: the whole, a part, or the news that there is nothing new.</summary>
internal static class AnswerWriter
{
    /// <summary>Sends a stored answer.</summary>
    /// <param name="context">The request.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="age">Value of <c>Age</c>.</param>
    /// <param name="cacheStatus">Value of <c>Cache-Status</c>.</param>
    public static Task SendAsync(HttpContext context, StoredAnswer answer, StringValues age, StringValues cacheStatus)
    {
        answer.Hits.Add();
        if (!TryBegin(context, answer.Head, answer.Body.Length, age, cacheStatus, out var range))
        {
            return Task.CompletedTask;
        }

        var body = range is { } part ? answer.Body.AsMemory(part.First, part.Length) : answer.Body;
        RecordBytes(context, body.Length);
        return body.IsEmpty ? Task.CompletedTask : AnswerBody.WriteAsync(context.Response.Body, body, context.RequestAborted).AsTask();
    }

    /// <summary>Sends an answer that still comes, and of which the length is known.</summary>
    public static async Task SendAsync(HttpContext context, Fill fill, StringValues age, StringValues cacheStatus)
    {
        // Of a part, the bytes must be there: they are not worth a second way to read.
        if (context.Request.Headers.Range.Count > 0)
        {
            await fill.Ended.WaitAsync(context.RequestAborted);
        }

        if (!TryBegin(context, fill.Head!, (int)fill.Length!, age, cacheStatus, out var range))
        {
            return;
        }

        RecordBytes(context, range?.Length ?? (int)fill.Length!);
        if (range is { } part)
        {
            await AnswerBody.WriteAsync(context.Response.Body, fill.Answer is { } whole ? whole.Body.AsMemory(part.First, part.Length) : default, context.RequestAborted);
        }
        else
        {
            await AnswerBody.PumpAsync(fill, context.Response.Body, sendsHead: fill.Read(0).IsEmpty, context.RequestAborted);
        }

        if (fill.HasFailed)
        {
            context.Abort();
        }
    }

    /// <summary>Makes of an answer's fields those of a 304.</summary>
    public static void MakeNotModified(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status304NotModified;
        response.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        var headers = response.Headers;
        headers.ContentLength = null;
        headers.Remove("Content-Type");
        headers.Remove("Content-Encoding");
        headers.Remove("Content-Language");
        headers.Remove("Content-Range");
        headers.Remove("Trailer");
    }

    // Whether a body follows.
    private static bool TryBegin(HttpContext context, AnswerHead head, int length, StringValues age, StringValues cacheStatus, out RangeRequest? range)
    {
        var response = context.Response;
        var headers = response.Headers;
        range = null;
        response.StatusCode = head.Status;
        foreach (var (name, value) in head.Fields)
        {
            headers[name] = value;
        }

        headers.Age = age;
        headers["Cache-Status"] = cacheStatus;
        if (head.Status == StatusCodes.Status200OK && HasConditions(context.Request.Headers))
        {
            var conditions = ClientConditions.Of(context.Request.Headers);
            if (conditions.IsNotModified(head.ETag, head.LastModified ?? headers.Date))
            {
                MakeNotModified(response);
                return false;
            }

            range = HttpMethods.IsGet(context.Request.Method) ? conditions.RangeOf(head.ETag, head.LastModified, length) : null;
        }

        if (range is { } part)
        {
            headers.ContentRange = part.IsUnsatisfiable
                ? string.Create(CultureInfo.InvariantCulture, $"bytes */{length}")
                : string.Create(CultureInfo.InvariantCulture, $"bytes {part.First}-{part.First + part.Length - 1}/{length}");
            response.StatusCode = part.IsUnsatisfiable ? StatusCodes.Status416RangeNotSatisfiable : StatusCodes.Status206PartialContent;
            length = part.Length;
        }

        if (head.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified))
        {
            headers.ContentLength = length;
        }

        return !HttpMethods.IsHead(context.Request.Method);
    }

    private static void RecordBytes(HttpContext context, int count)
    {
        if (Layer7Telemetry.CacheBytes.Enabled && BalancedRequest.Of(context) is { } request)
        {
            Layer7Telemetry.CacheBytes.Add(count, Layer7Telemetry.Route(request.Route.Name));
        }
    }

    private static bool HasConditions(IHeaderDictionary headers) => headers.IfNoneMatch.Count > 0 || headers.IfModifiedSince.Count > 0 || headers.Range.Count > 0;
}
