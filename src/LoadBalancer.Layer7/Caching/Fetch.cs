using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// One request to a backend through the rest of the pipeline, whose answer may be kept: for its own client, and for
/// those that wait for the same.
/// </summary>
internal sealed class Fetch
{
    /// <summary>How long requests do not wait for each other after one of them waited for nothing.</summary>
    private static readonly TimeSpan PassDuration = TimeSpan.FromMinutes(1);

    private readonly AnswerCache _cache;
    private readonly HttpContext _context;
    private readonly BalancedRequest _request;
    private readonly CacheKey _key;
    private readonly Exchange _exchange;
    private readonly CacheControl _control;
    private readonly Fill _fill;
    private readonly StoredAnswer? _stale;
    private readonly ForwardReason _reason;
    private readonly AnswerStore _store;
    private readonly PendingAnswers _pending;
    private readonly bool _asksForWhole;
    private readonly bool _isBackground;
    private readonly ClientConditions _conditions;
    private readonly FetchLifetime _lifetime;
    private readonly IHttpRequestLifetimeFeature? _client;
    private int _setAsideStatus;

    /// <param name="cache">Where the answer is kept.</param>
    /// <param name="context">The request.</param>
    /// <param name="request">What the balancer knows of it.</param>
    /// <param name="lookup">What memory said.</param>
    /// <param name="fill">Where the answer grows.</param>
    /// <param name="asksForWhole">Whether the client's own conditions are left to the cache, so that there is an answer to keep.</param>
    /// <param name="isBackground">Whether no client waits.</param>
    public Fetch(AnswerCache cache, HttpContext context, BalancedRequest request, Lookup lookup, Fill fill, bool asksForWhole, bool isBackground = false)
    {
        (_cache, _context, _request, _fill) = (cache, context, request, fill);
        (_key, _stale, _reason, _control) = (lookup.Key, lookup.Answer, lookup.Reason, lookup.Control);
        _exchange = new Exchange(lookup.Route, context.Request, _control, cache.Time.GetTimestamp());
        _store = cache.Store;
        _pending = _store.Announce(_key);
        _asksForWhole = asksForWhole || _stale is not null;
        _isBackground = isBackground;
        _conditions = ClientConditions.Of(context.Request.Headers);
        _client = context.Features.Get<IHttpRequestLifetimeFeature>();
        _lifetime = new FetchLifetime(_client, fill);
    }

    public async Task RunAsync(RequestDelegate next)
    {
        try
        {
            await AskAsync(next);
        }
        finally
        {
            _store.Withdraw(_pending);
        }
    }

    private async Task AskAsync(RequestDelegate next)
    {
        var features = _context.Features;
        var body = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var capture = new AnswerCapture(body, _fill, Decide);
        if (_asksForWhole)
        {
            ClientConditions.Replace(_context.Request.Headers, _stale?.Head);
        }

        features.Set<IHttpResponseBodyFeature>(capture);
        features.Set<IHttpRequestLifetimeFeature>(_lifetime);
        using var gone = _client?.RequestAborted.UnsafeRegister(static fill => ((Fill)fill!).Leave(), _fill);
        try
        {
            await next(_context);
            if (!IsAbandoned())
            {
                await capture.FinishAsync();
            }
        }
        catch
        {
            _fill.Fail();
            await capture.WaitForClientAsync();
            throw;
        }
        finally
        {
            features.Set(body);
            features.Set(_client);
            if (_asksForWhole)
            {
                _conditions.Restore(_context.Request.Headers);
            }
        }

        await EndAsync(capture);
    }

    private async Task EndAsync(AnswerCapture capture)
    {
        switch (capture.Mode)
        {
            case CaptureMode.Fill:
                Keep();
                if (!await capture.WaitForClientAsync() || _fill.HasFailed)
                {
                    _context.Abort();
                }

                break;
            case CaptureMode.SetAside when _setAsideStatus == StatusCodes.Status304NotModified:
                await ConfirmAsync();
                break;
            case CaptureMode.SetAside:
                await AnswerWithStaleAsync();
                break;
            case CaptureMode.Undecided:
                _fill.Fail();
                break;
        }
    }

    private bool IsAbandoned() => _lifetime.WasAborted || _fill.Abandoned.IsCancellationRequested;

    private bool IsBroken() =>
        IsAbandoned() || _context.Features.Get<IForwarderErrorFeature>() is not null || _request.Attempt?.Exception is not null;

    // Asked when the head of an answer is there, and again where the one before was set aside.
    private CaptureMode Decide(bool isEmpty)
    {
        var response = _context.Response;
        if (MustSetAside(response.StatusCode))
        {
            _setAsideStatus = response.StatusCode;
            return CaptureMode.SetAside;
        }

        var isGet = HttpMethods.IsGet(_context.Request.Method);
        var tags = CacheTags.Take(_exchange.Route, response.Headers);
        var head = isGet && _request.Refusal is null ? _cache.Policy.Examine(_exchange, response.StatusCode, response.Headers, tags) : null;
        if (isEmpty && isGet && HasBody(response.StatusCode))
        {
            response.ContentLength ??= 0;
        }

        var length = response.ContentLength;
        if (head is not null && head.Size + (length ?? 0) > _cache.MostBytes)
        {
            head = null;
        }

        if (head is null)
        {
            Forget(response, isGet, tags);
            _lifetime.PassesOn = true;
            _fill.Pass();
        }
        else
        {
            _fill.Begin(head, HasBody(response.StatusCode) ? length : 0);
        }

        response.Headers.Append("Cache-Status", _cache.StatusText.Forwarded(_reason, 0, head, collapsed: false));
        Record(CacheOutcome.Miss);
        if (_asksForWhole && response.StatusCode == StatusCodes.Status200OK && (head is not null || length <= _cache.MostBytes)
            && _conditions.IsNotModified(response.Headers.ETag, response.Headers.LastModified))
        {
            AnswerWriter.MakeNotModified(response);
            return CaptureMode.NotModified;
        }

        return head is null ? CaptureMode.Pass : CaptureMode.Fill;
    }

    private bool MustSetAside(int status) =>
        _stale is not null
        && ((status == StatusCodes.Status304NotModified && _stale.Head.HasValidator)
            || (status is StatusCodes.Status500InternalServerError or StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout
                && Freshness.MayReplaceError(_stale.Head, AgeOf(_stale.Head), _control)));

    // What cannot be stored replaces what is: the service has said something else since. An error has not.
    private void Forget(HttpResponse response, bool isGet, string[] tags)
    {
        if (response.StatusCode >= StatusCodes.Status500InternalServerError || _request.Refusal is not null)
        {
            return;
        }

        if (_stale is not null)
        {
            if (isGet || !TryUpdateFromHead(_stale, response, tags))
            {
                _store.Remove(_key, _stale);
            }
        }

        // Nor are those who ask whether what they have still holds kept from asking the service.
        if (isGet && (_fill.WasJoined || _conditions.IfNoneMatch.Count > 0 || _conditions.IfModifiedSince.Count > 0))
        {
            _store.SetPass(_key, _exchange.Route, PassDuration);
        }
    }

    // RFC 9111 section 4.3.5.
    private bool TryUpdateFromHead(StoredAnswer stored, HttpResponse response, string[] tags)
    {
        var headers = response.Headers;
        if (response.StatusCode != stored.Head.Status
            || (headers.ETag.Count > 0 && headers.ETag != stored.Head.ETag)
            || (headers.LastModified.Count > 0 && headers.LastModified != stored.Head.LastModified)
            || (headers.ContentLength is { } length && length != stored.Body.Length))
        {
            return false;
        }

        return _cache.Policy.Update(_exchange, stored.Head, headers, tags) is { } head && _store.TryAdd(_key, _exchange.Route, stored.With(head), _pending);
    }

    private void Keep()
    {
        if (_fill.Ended.IsCompleted)
        {
            // Larger than it may be: it went on to its client.
            return;
        }

        if (IsBroken())
        {
            _fill.Fail();
        }
        else if (_fill.Complete() is { } answer)
        {
            _store.TryAdd(_key, _exchange.Route, answer, _pending);
        }
    }

    private Task ConfirmAsync()
    {
        var response = _context.Response;
        var head = _cache.Policy.Update(_exchange, _stale!.Head, response.Headers, CacheTags.Take(_exchange.Route, response.Headers));
        var confirmed = head is null ? _stale : _stale.With(head);
        if (head is null)
        {
            _store.Remove(_key, _stale);
            _fill.Pass();
        }
        else
        {
            _store.TryAdd(_key, _exchange.Route, confirmed, _pending);
            _fill.CompleteWith(confirmed, isStale: false);
        }

        Record(CacheOutcome.Revalidated);
        return SendAsync(confirmed, head);
    }

    private Task AnswerWithStaleAsync()
    {
        _fill.CompleteWith(_stale!, isStale: true);
        Record(CacheOutcome.Stale);
        return SendAsync(_stale!, null);
    }

    private Task SendAsync(StoredAnswer answer, AnswerHead? stored)
    {
        var response = _context.Response;
        // A cookie is for this client, whichever answer brought it.
        var cookies = response.Headers.SetCookie;
        response.Clear();
        response.Headers.SetCookie = cookies;
        var stamp = answer.Head.StampAt(AgeOf(answer.Head), _cache.StatusText);
        var status = CacheStatusText.AfterOthers(answer.Head, _cache.StatusText.Forwarded(_reason, _setAsideStatus, stored, collapsed: false));
        return AnswerWriter.SendAsync(_context, answer, stamp.Age, status);
    }

    private void Record(CacheOutcome outcome)
    {
        if (!_isBackground)
        {
            _cache.Record(_request, outcome);
        }
    }

    private double AgeOf(AnswerHead head) => head.AgeAt(_cache.Time.GetTimestamp(), _cache.Time);

    private static bool HasBody(int status) => status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent);
}
