using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>
/// Sends a request without a body to a further backend each time there was no head of an answer for a while, and takes
/// the answer that comes first. Here, below all that writes to the client, so that there is one answer in any case.
/// </summary>
internal sealed class HedgedInvoker(Attempt attempt, HedgeOptions options, HttpMessageInvoker client)
    : HttpMessageInvoker(Nowhere.Instance, disposeHandler: false)
{
    private readonly List<HedgeLeg> _legs = [];

    private BalancedRequest Request => attempt.Request;

    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // While the request is being sent, its headers are not for others to read.
        var pattern = Copy(request, request.RequestUri!);
        var first = Ask(attempt.Backend, request, cancellationToken);
        HedgeLeg? kept = null;
        try
        {
            var mayAsk = true;
            while (true)
            {
                mayAsk = mayAsk && _legs.Count < options.MaxParallel;
                if (!await AnswersInTimeAsync(mayAsk, cancellationToken))
                {
                    mayAsk = TryAskAnother(pattern, cancellationToken);
                    continue;
                }

                cancellationToken.ThrowIfCancellationRequested();
                var leg = _legs.Find(leg => leg.Answer.IsCompleted)!;
                if (_legs.Count == 1 || IsGood(leg))
                {
                    attempt.MoveTo(leg.Backend, leg.StartedAt);
                    leg.Keep();
                    kept = leg;
                    var answer = await leg.Answer;
                    if (leg != first)
                    {
                        Request.Route.Resilience.RecordHedgeWon();
                    }

                    return answer;
                }

                Drop(leg);
            }
        }
        finally
        {
            foreach (var leg in _legs.Where(leg => leg != kept))
            {
                // What the attempt has ended up with is released with it; its answer may come all the same.
                leg.Abandon(leg.Backend == attempt.Backend ? null : Request.Pool);
            }
        }
    }

    private async ValueTask<bool> AnswersInTimeAsync(bool mayAsk, CancellationToken cancellation)
    {
        Task any = Task.WhenAny(_legs.Select(leg => leg.Answer));
        try
        {
            await any.WaitAsync(mayAsk ? options.Delay : Timeout.InfiniteTimeSpan, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private bool TryAskAnother(HttpRequestMessage pattern, CancellationToken cancellation)
    {
        var route = Request.Route;
        if (!route.Budget.TryTake(route.Options.Retry.Budget))
        {
            route.Resilience.RecordRefusedRetry();
            return false;
        }

        if (attempt.PickAnother([.. Request.Tried, .. _legs.Select(leg => leg.Backend)]) is not { } another)
        {
            route.Budget.GiveBack();
            return false;
        }

        route.Resilience.RecordHedge();
        var copy = Copy(pattern, new Uri(another.Url.TrimEnd('/') + pattern.RequestUri!.PathAndQuery, UriKind.Absolute));
        PoolHttpClientFactory.Address(copy, another);
        Ask(another, copy, cancellation);
        return true;
    }

    private HedgeLeg Ask(Backend backend, HttpRequestMessage request, CancellationToken cancellation)
    {
        var leg = new HedgeLeg(attempt, backend, client, request, cancellation);
        _legs.Add(leg);
        return leg;
    }

    // An answer that the route would drop anyway is none while a better one may come.
    private bool IsGood(HedgeLeg leg) =>
        leg.Answer.IsCompletedSuccessfully && !Retries.IsRetried(Request.Route.Options.Retry, (int)leg.Answer.Result.StatusCode);

    private void Drop(HedgeLeg leg)
    {
        _legs.Remove(leg);
        if (leg.Answer.Exception is { } exception)
        {
            Request.Pool.ReportFailure(leg.Backend, exception.InnerException!.Message);
        }
        else if (leg.Answer.IsCanceled)
        {
            // Nobody but SocketsHttpHandler has cancelled it, whose ConnectTimeout ran out.
            Request.Route.Resilience.RecordTimeout(RouteTimeout.Connect);
            Request.Pool.ReportFailure(leg.Backend, $"time-out {RouteTimeout.Connect}");
        }

        Request.Tried = [.. Request.Tried, leg.Backend];
        if (attempt.Backend == leg.Backend)
        {
            attempt.MoveTo(_legs[0].Backend, _legs[0].StartedAt);
        }

        leg.Abandon(Request.Pool);
    }

    private static HttpRequestMessage Copy(HttpRequestMessage request, Uri uri)
    {
        var copy = new HttpRequestMessage(request.Method, uri) { Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            copy.Headers.TryAddWithoutValidation(name, values);
        }

        if (request.Content is { } content)
        {
            // There is none, but headers that describe it.
            copy.Content = new ByteArrayContent([]);
            foreach (var (name, values) in content.Headers.NonValidated)
            {
                copy.Content.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return copy;
    }

    /// <summary>What an invoker must have below it, and this one never uses.</summary>
    private sealed class Nowhere : HttpMessageHandler
    {
        public static readonly Nowhere Instance = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
