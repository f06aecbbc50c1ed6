using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// A shared cache (RFC 9111) in front of the forwarder: answers from memory without touching it, lets requests for the
/// same wait for one, and forgets what requests change.
/// </summary>
internal sealed partial class CacheMiddleware(
    RequestDelegate next, AnswerCache cache, IServiceScopeFactory scopes, IHostApplicationLifetime process, ILogger<CacheMiddleware> logger)
{
    private const string SpanName = "cache revalidation";
    private const int MostWaits = 3;
    private const int UsualKeyLength = 512;

    /// <summary>How long a request waits for an answer of unknown length, behind which an endless one may hide.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    public Task InvokeAsync(HttpContext context)
    {
        if (!cache.IsUsed || BalancedRequest.Of(context) is not { } request)
        {
            return next(context);
        }

        var method = context.Request.Method;
        var isGet = HttpMethods.IsGet(method);
        if (!isGet && !HttpMethods.IsHead(method))
        {
            return PassAsync(context, request, ForwardReason.Method);
        }

        if (cache.Find(context, request) is not { } route)
        {
            return next(context);
        }

        return IsOutOfScope(context) ? PassAsync(context, request, ForwardReason.Bypass) : AnswerAsync(context, request, route);
    }

    private Task AnswerAsync(HttpContext context, BalancedRequest request, CachingRoute route)
    {
        var prefix = route.KeyPrefixFor(request.Pool.Name);
        var length = CacheKey.LengthFor(context.Request, prefix);
        return length <= UsualKeyLength ? AnswerAsync(context, request, route, prefix, stackalloc char[length]) : AnswerLongAsync(context, request, route, prefix, length);
    }

    private Task AnswerLongAsync(HttpContext context, BalancedRequest request, CachingRoute route, string prefix, int length)
    {
        var rented = ArrayPool<char>.Shared.Rent(length);
        try
        {
            return AnswerAsync(context, request, route, prefix, rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    // A hit ends here, before anything is allocated for it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Task AnswerAsync(HttpContext context, BalancedRequest request, CachingRoute route, string prefix, Span<char> key)
    {
        CacheKey.Write(context.Request, prefix, key);
        var control = DirectivesOf(context.Request);
        var resource = cache.Store.Find(key);
        var answer = resource?.Select(context.Request.Headers);
        if (answer is not null && context.Request.Headers.Authorization.Count > 0 && !answer.Head.AllowsAuthorization)
        {
            answer = null;
        }

        if (answer is not null && JudgeNow(answer.Head, control) is Judgement.Fresh)
        {
            return HitAsync(context, request, answer, CacheOutcome.Hit);
        }

        return FetchAsync(context, request, new CacheKey(key.ToString(), prefix), route, control);
    }

    private async Task FetchAsync(HttpContext context, BalancedRequest request, CacheKey key, CachingRoute route, CacheControl control)
    {
        Fill? known = null;
        for (var waits = 0; ; waits++)
        {
            var lookup = LookUp(context.Request, key, route, control);
            if (lookup is { Answer: { } answer, Judgement: Judgement.Fresh or Judgement.StaleAllowed or Judgement.StaleWhileRevalidate })
            {
                await UseAsync(context, request, lookup, answer);
                return;
            }

            if (control.OnlyIfCached)
            {
                context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
                context.Response.Headers["Cache-Status"] = cache.StatusText.Forwarded(lookup.Reason, 0, null, collapsed: false);
                cache.Record(request, CacheOutcome.Miss);
                return;
            }

            if (lookup.Answer is null && (!HttpMethods.IsGet(context.Request.Method) || context.Request.Headers.Range.Count > 0))
            {
                // Of a part or of a head nothing can be kept, and the whole may be more than anybody wants.
                await PassAsync(context, request, lookup.Reason);
                return;
            }

            if (waits == MostWaits || !CanBeWaitedFor(context.Request, lookup))
            {
                await new Fetch(cache, context, request, lookup, new Fill(cache.MostBytes), AsksForWhole(context.Request, lookup)).RunAsync(next);
                return;
            }

            var slot = SlotOf(context.Request, lookup, known);
            var fill = new Fill(cache.MostBytes);
            known = cache.UnderWay.GetOrAdd(slot, fill);
            if (ReferenceEquals(known, fill))
            {
                await LeadAsync(context, request, lookup, slot, fill);
                return;
            }

            if (await TryFollowAsync(context, request, lookup, known))
            {
                return;
            }

            if (known.HasFailed)
            {
                // Whoever led it is about to do the same.
                cache.UnderWay.TryRemove(new(slot, known));
            }
        }
    }

    private async Task LeadAsync(HttpContext context, BalancedRequest request, Lookup lookup, string slot, Fill fill)
    {
        try
        {
            // Another may have fetched it between the look into memory and now.
            var again = LookUp(context.Request, lookup.Key, lookup.Route, lookup.Control);
            if (again is { Answer: { } answer, Judgement: Judgement.Fresh })
            {
                fill.CompleteWith(answer, isStale: false);
                await HitAsync(context, request, answer, CacheOutcome.Hit);
                return;
            }

            await new Fetch(cache, context, request, again, fill, asksForWhole: true).RunAsync(next);
        }
        finally
        {
            cache.UnderWay.TryRemove(new(slot, fill));
        }
    }

    // False where the other's answer is not for this request, or did not come.
    private async Task<bool> TryFollowAsync(HttpContext context, BalancedRequest request, Lookup lookup, Fill fill)
    {
        if (!fill.TryJoin())
        {
            return false;
        }

        try
        {
            await fill.Decided.WaitAsync(context.RequestAborted);
            if (fill.Head is not { } head || !head.Matches(context.Request.Headers)
                || (!fill.IsStale && JudgeNow(head, lookup.Control) is not Judgement.Fresh))
            {
                return false;
            }

            if (fill.Length is null)
            {
                await fill.Ended.WaitAsync(LongestWait, context.RequestAborted);
            }

            if (fill.HasFailed || (fill.Answer is null && fill.Ended.IsCompleted))
            {
                return false;
            }

            cache.Record(request, fill.IsStale ? CacheOutcome.Stale : CacheOutcome.Collapsed);
            var age = head.StampAt(AgeOf(head), cache.StatusText).Age;
            var status = CacheStatusText.AfterOthers(head, cache.StatusText.Forwarded(lookup.Reason, 0, null, collapsed: true));
            await (fill.Answer is { } answer ? AnswerWriter.SendAsync(context, answer, age, status) : AnswerWriter.SendAsync(context, fill, age, status));
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return true;
        }
        finally
        {
            fill.Leave();
        }
    }

    private Task UseAsync(HttpContext context, BalancedRequest request, Lookup lookup, StoredAnswer answer)
    {
        if (lookup.Judgement == Judgement.StaleWhileRevalidate)
        {
            RefreshInBackground(context, request, lookup);
        }

        return HitAsync(context, request, answer, lookup.Judgement == Judgement.Fresh ? CacheOutcome.Hit : CacheOutcome.Stale);
    }

    private Task HitAsync(HttpContext context, BalancedRequest request, StoredAnswer answer, CacheOutcome outcome)
    {
        cache.Record(request, outcome);
        var stamp = answer.Head.StampAt(AgeOf(answer.Head), cache.StatusText);
        return AnswerWriter.SendAsync(context, answer, stamp.Age, stamp.CacheStatus);
    }

    private void RefreshInBackground(HttpContext context, BalancedRequest request, Lookup lookup)
    {
        var slot = SlotOf(context.Request, lookup, null);
        var fill = new Fill(cache.MostBytes);
        if (!cache.UnderWay.TryAdd(slot, fill))
        {
            return;
        }

        var scope = scopes.CreateAsyncScope();
        var copy = BackgroundRequest.Copy(context, scope.ServiceProvider, request);
        _ = Task.Run(async () =>
        {
            using var span = LoadBalancerTelemetry.Source.StartActivity(SpanName, ActivityKind.Internal);
            span?.SetTag(LoadBalancerTelemetry.RouteKey, lookup.Route.Name);
            using var stopping = process.ApplicationStopping.UnsafeRegister(static fill => ((Fill)fill!).Leave(), fill);
            try
            {
                await new Fetch(cache, copy, BalancedRequest.Of(copy)!, lookup, fill, asksForWhole: true, isBackground: true).RunAsync(next);
            }
            // Nobody waits for this; what is stored stays until it may not be used any more.
            catch (Exception exception)
            {
                Log.NotRefreshed(logger, exception, lookup.Route.Name, lookup.Key.Url);
            }
            finally
            {
                cache.UnderWay.TryRemove(new(slot, fill));
                await scope.DisposeAsync();
            }
        });
    }

    private Lookup LookUp(HttpRequest request, CacheKey key, CachingRoute route, in CacheControl control)
    {
        var resource = cache.Store.Find(key.Text);
        var answer = resource?.Select(request.Headers);
        if (answer is not null && request.Headers.Authorization.Count > 0 && !answer.Head.AllowsAuthorization)
        {
            answer = null;
        }

        return new Lookup(key, route, control, resource, answer, answer is null ? Judgement.Stale : JudgeNow(answer.Head, control));
    }

    // Whoever cannot use another's answer must not wait for it.
    private bool CanBeWaitedFor(HttpRequest request, Lookup lookup) =>
        HttpMethods.IsGet(request.Method)
        && !lookup.Control.NoStore
        && lookup.Judgement != Judgement.RequestAsks
        && request.Headers.Authorization.Count == 0
        && lookup.Answer is null or { Head.CanBeShared: true }
        && (lookup.Resource is null || lookup.Resource.PassUntil <= cache.Time.GetTimestamp());

    // An answer that is for the client alone is not worth the whole.
    private static bool AsksForWhole(HttpRequest request, Lookup lookup) =>
        lookup.Resource is null && !lookup.Control.NoStore && request.Headers.Authorization.Count == 0;

    // Where it is known what answers differ by, requests wait only for such as get the same.
    private static string SlotOf(HttpRequest request, Lookup lookup, Fill? known) =>
        lookup.Key.SlotFor(known?.Head?.Vary ?? (lookup.Resource is { Answers: [var first, ..] } ? first.Head.Vary : []), request.Headers);

    private Task PassAsync(HttpContext context, BalancedRequest request, ForwardReason reason)
    {
        var route = cache.Find(context, request);
        var invalidates = reason == ForwardReason.Method && !IsSafe(context.Request.Method);
        if (route is not null)
        {
            cache.Record(request, reason is ForwardReason.Method or ForwardReason.Bypass ? CacheOutcome.Bypass : CacheOutcome.Miss);
        }

        if (route is not null || invalidates)
        {
            context.Response.OnStarting(new PassedAnswer(cache, context, route, reason, invalidates).CompleteAsync);
        }

        return next(context);
    }

    private static CacheControl DirectivesOf(HttpRequest request)
    {
        var lines = request.Headers.CacheControl;
        // For clients of HTTP/1.0, which have no other word for it (RFC 9111 section 5.4).
        return lines.Count == 0 && request.Headers.Pragma.Count > 0 ? CacheControl.Parse(request.Headers.Pragma) : CacheControl.Parse(lines);
    }

    private Judgement JudgeNow(AnswerHead head, in CacheControl control) => Freshness.Judge(head, AgeOf(head), control);

    private double AgeOf(AnswerHead head) => head.AgeAt(cache.Time.GetTimestamp(), cache.Time);

    private static bool IsSafe(string method) => HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method) || HttpMethods.IsConnect(method);

    // An open WebSocket or event stream would let others wait for as long as it lasts; a body may change the answer;
    // If-Match is for the service to judge; and what a client's certificate brought is for that client.
    private static bool IsOutOfScope(HttpContext context)
    {
        var headers = context.Request.Headers;
        return headers.Upgrade.Count > 0
            || context.Request.ContentLength > 0 || headers.TransferEncoding.Count > 0
            || headers.IfMatch.Count > 0 || headers.IfUnmodifiedSince.Count > 0
            || Contains(headers.Accept, "text/event-stream")
            || ClientCertificateHeaders.AreAddedTo(context);
    }

    private static bool Contains(StringValues lines, string text)
    {
        foreach (var line in lines)
        {
            if (line?.Contains(text, StringComparison.OrdinalIgnoreCase) is true)
            {
                return true;
            }
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(351, LogLevel.Debug, "Route {Route}: {Url} could not be revalidated in the background.")]
        public static partial void NotRefreshed(ILogger logger, Exception exception, string route, string url);
    }
}
