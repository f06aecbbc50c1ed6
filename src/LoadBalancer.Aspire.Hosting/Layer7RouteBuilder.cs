using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a route of a Layer 7 load balancer. A request must meet all of the route's conditions.</summary>
[AspireExport(ExposeMethods = true)]
public sealed partial class Layer7RouteBuilder
{
    // Where splits and the mirror lead, by the names that they have here until the balancer knows their pools.
    private readonly Dictionary<string, EndpointReference> _others = new(StringComparer.OrdinalIgnoreCase);

    internal Layer7RouteBuilder(RoutePath path)
    {
        Options = new() { Path = path.Text, RemovePrefix = path.PrefixOfCatchAll };
    }

    internal RouteOptions Options { get; private set; }

    internal string? Name { get; private set; }

    /// <summary>Sets the route's name in statistics and telemetry. Default: the words of its path, such as <c>auth</c> for <c>/auth/{**rest}</c>.</summary>
    /// <param name="name">ASCII letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, unique among the balancer's routes.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> has other characters or none.</exception>
    public Layer7RouteBuilder WithName(string name)
    {
        Contract.CheckName(name, "a route", nameof(name));
        Name = name;
        return this;
    }

    /// <summary>Sets how a replica is picked for a request. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    public Layer7RouteBuilder WithPolicy(SelectionPolicy policy)
    {
        Contract.CheckDefined(policy, nameof(policy));
        return With(Options with { Policy = policy }, nameof(policy));
    }

    /// <summary>
    /// Sends requests with the same value of a header to the same replica (<see cref="SelectionPolicy.ConsistentHash"/>);
    /// those without it by the client's address.
    /// </summary>
    /// <param name="header">The header's name.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="header"/> is not a header name.</exception>
    public Layer7RouteBuilder WithHashByHeader(string header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return With(Options with { Policy = SelectionPolicy.ConsistentHash, HashKey = new() { Header = header } }, nameof(header));
    }

    /// <summary>
    /// Sends requests with the same value of a cookie to the same replica (<see cref="SelectionPolicy.ConsistentHash"/>);
    /// those without it by the client's address.
    /// </summary>
    /// <param name="cookie">The cookie's name.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="cookie"/> is not a cookie name.</exception>
    public Layer7RouteBuilder WithHashByCookie(string cookie)
    {
        ArgumentNullException.ThrowIfNull(cookie);
        return With(Options with { Policy = SelectionPolicy.ConsistentHash, HashKey = new() { Cookie = cookie } }, nameof(cookie));
    }

    /// <summary>
    /// Sends requests with the same value of a query parameter to the same replica (<see cref="SelectionPolicy.ConsistentHash"/>);
    /// those without it by the client's address.
    /// </summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="parameter"/> is empty.</exception>
    public Layer7RouteBuilder WithHashByQuery(string parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return With(Options with { Policy = SelectionPolicy.ConsistentHash, HashKey = new() { Query = parameter } }, nameof(parameter));
    }

    /// <summary>
    /// Keeps answers to <c>GET</c> and <c>HEAD</c> in the balancer's memory, as a shared cache does (RFC 9111).
    /// Default: no cache.
    /// </summary>
    /// <param name="duration">
    /// Fixed time for which a successful answer is served from memory, in place of what it says of freshness, 1 s to 1 d.
    /// Default: what the answer says (<c>Cache-Control</c>, <c>Expires</c>).
    /// </param>
    /// <param name="tags">Tags of the route's answers, by which a command can purge them: tokens such as <c>products</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="duration"/> is out of range, or one of <paramref name="tags"/> is not a token.</exception>
    [AspireExportIgnore(Reason = "Other languages have no parameters of any number.")]
    public Layer7RouteBuilder WithCache(TimeSpan? duration = null, params string[] tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        With(Options with { Cache = new() { Duration = duration } }, nameof(duration));
        return With(Options with { Cache = new() { Duration = duration, Tags = tags } }, nameof(tags));
    }

    /// <summary>Keeps a client on the replica of its first request, by a signed cookie. Default: no affinity.</summary>
    /// <param name="cookie">The cookie's name; <see langword="null"/> for <c>lb-affinity-</c> and the pool's name.</param>
    /// <param name="sameSite">Browsers' rule for the cookie. Default: <see cref="CookieSameSite.Lax"/>. <see cref="CookieSameSite.None"/> needs an HTTPS listener, or a trusted proxy that ends TLS.</param>
    /// <param name="expiry">Time after which the browser forgets the cookie, 1 s to 30 d. Default: when the browser ends.</param>
    /// <param name="whenGone">What happens when the replica is gone or takes no requests. Default: <see cref="AffinityFailure.Repick"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="cookie"/> is not a cookie name, or <paramref name="expiry"/> is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sameSite"/> or <paramref name="whenGone"/> is none of its enumeration.</exception>
    public Layer7RouteBuilder WithSessionAffinity(
        string? cookie = null,
        CookieSameSite sameSite = CookieSameSite.Lax,
        TimeSpan? expiry = null,
        AffinityFailure whenGone = AffinityFailure.Repick)
    {
        Contract.CheckDefined(sameSite, nameof(sameSite));
        Contract.CheckDefined(whenGone, nameof(whenGone));
        var affinity = new SessionAffinityOptions { Cookie = cookie, SameSite = sameSite, WhenGone = whenGone };
        With(Options with { SessionAffinity = affinity }, nameof(cookie));
        return With(Options with { SessionAffinity = affinity with { Expiry = expiry } }, nameof(expiry));
    }

    /// <summary>
    /// Keeps a client on the replica of its first request, by a signed header that answers carry and the client sends
    /// back: for clients that keep no cookies. Default: no affinity.
    /// </summary>
    /// <param name="header">The header's name.</param>
    /// <param name="whenGone">What happens when the replica is gone or takes no requests. Default: <see cref="AffinityFailure.Repick"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="header"/> is not a header name.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="whenGone"/> is none of the enumeration.</exception>
    public Layer7RouteBuilder WithHeaderAffinity(string header = "X-Session-Affinity", AffinityFailure whenGone = AffinityFailure.Repick)
    {
        ArgumentNullException.ThrowIfNull(header);
        Contract.CheckDefined(whenGone, nameof(whenGone));
        return With(Options with { SessionAffinity = new() { Mode = SessionAffinityMode.Header, Header = header, WhenGone = whenGone } }, nameof(header));
    }

    /// <summary>Keeps a client on the replica of its first request, by its address: clients behind one address go together. Default: no affinity.</summary>
    /// <param name="expiry">Time without a request after which a client is forgotten, 1 s to 30 d. Default: 30 min.</param>
    /// <param name="whenGone">What happens when the replica is gone or takes no requests. Default: <see cref="AffinityFailure.Repick"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="expiry"/> is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="whenGone"/> is none of the enumeration.</exception>
    public Layer7RouteBuilder WithSourceAffinity(TimeSpan? expiry = null, AffinityFailure whenGone = AffinityFailure.Repick)
    {
        Contract.CheckDefined(whenGone, nameof(whenGone));
        return With(Options with { SessionAffinity = new() { Mode = SessionAffinityMode.Source, Expiry = expiry, WhenGone = whenGone } }, nameof(expiry));
    }

    /// <summary>Sets how long the route waits for its backends; one that is too slow is answered with 504. What is not given stays as it is.</summary>
    /// <param name="connect">Time in which a backend must accept a connection, 10 ms to 5 min. Default: 5 s.</param>
    /// <param name="firstByte">Time from the request sent until the answer's headers, for each attempt, 10 ms to 1 h. Default: no limit.</param>
    /// <param name="total">Time of a whole request with all its attempts, until the last byte, 10 ms to 1 d; not counted once upgraded (WebSocket). Default: no limit.</param>
    /// <param name="idle">Time without a byte in either direction after which a request or upgraded connection is ended, 100 ms to 1 d. Default: 100 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or is longer than <paramref name="total"/>, which would end it first.</exception>
    public Layer7RouteBuilder WithTimeouts(TimeSpan? connect = null, TimeSpan? firstByte = null, TimeSpan? total = null, TimeSpan? idle = null)
    {
        With(Options with { Timeouts = Options.Timeouts with { Connect = connect ?? Options.Timeouts.Connect } }, nameof(connect));
        With(Options with { Timeouts = Options.Timeouts with { FirstByte = firstByte ?? Options.Timeouts.FirstByte } }, nameof(firstByte));
        With(Options with { Timeouts = Options.Timeouts with { Total = total ?? Options.Timeouts.Total } }, nameof(total));
        return With(Options with { Timeouts = Options.Timeouts with { Idle = idle ?? Options.Timeouts.Idle } }, nameof(idle));
    }

    /// <summary>
    /// Sets when a request is sent again, each time to another replica: where nothing of it was sent, or its method is
    /// idempotent (RFC 9110 §9.2.2). What is not given stays as it is.
    /// </summary>
    /// <param name="attempts">Attempts in all, the first included, 1 to 10; 1 never retries. Default: 3.</param>
    /// <param name="budget">Retries in percent of the route's requests in the last 10 s, 0 to 100, beyond which none are made; 3 are always allowed in that time. Default: 20.</param>
    /// <param name="backOff">Longest pause before the first retry, 0 to 10 s; drawn at random up to it, and doubled with each further one. Default: 25 ms.</param>
    /// <param name="statuses">Statuses that are retried as well, 500 to 599. Default: none, since the service has answered.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or <paramref name="statuses"/> are given where nothing is retried.</exception>
    [AspireExportIgnore(Reason = "Other languages have no parameters of any number.")]
    public Layer7RouteBuilder WithRetry(int? attempts = null, int? budget = null, TimeSpan? backOff = null, params int[] statuses)
    {
        ArgumentNullException.ThrowIfNull(statuses);
        With(Options with { Retry = Options.Retry with { Attempts = attempts ?? Options.Retry.Attempts } }, nameof(attempts));
        With(Options with { Retry = Options.Retry with { Budget = budget ?? Options.Retry.Budget } }, nameof(budget));
        With(Options with { Retry = Options.Retry with { BackOff = backOff ?? Options.Retry.BackOff } }, nameof(backOff));
        return With(Options with { Retry = Options.Retry with { Statuses = statuses.Length == 0 ? Options.Retry.Statuses : statuses } }, nameof(statuses));
    }

    /// <summary>Sends no request twice. Default: up to three attempts where they are safe.</summary>
    /// <returns>This builder.</returns>
    public Layer7RouteBuilder WithoutRetry() => With(Options with { Retry = Options.Retry with { Attempts = 1, Statuses = [] } }, nameof(WithoutRetry));

    /// <summary>
    /// Asks a second replica when the first is slow, and takes the answer that comes first: for idempotent requests
    /// without a body. Default: never.
    /// </summary>
    /// <param name="delay">Time without an answer's headers after which the next replica is asked, 1 ms to 1 min. Default: 200 ms.</param>
    /// <param name="maxParallel">Replicas that may be asked at the same time, 2 to 5. Default: 2.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or a time-out ends the request before <paramref name="delay"/>.</exception>
    public Layer7RouteBuilder WithHedging(TimeSpan? delay = null, int? maxParallel = null)
    {
        var hedge = new HedgeOptions();
        hedge = hedge with { Delay = delay ?? hedge.Delay };
        With(Options with { Hedge = hedge }, nameof(delay));
        return With(Options with { Hedge = hedge with { MaxParallel = maxParallel ?? hedge.MaxParallel } }, nameof(maxParallel));
    }

    /// <summary>Limits how often the route is used; more is answered with 429 and <c>Retry-After</c>. Default: no limit.</summary>
    /// <param name="requests">Requests in a window, 1 to 1,000,000.</param>
    /// <param name="window">The window, 100 ms to 1 d. Default: 1 s.</param>
    /// <param name="algorithm">How requests are counted. Default: <see cref="RateLimitAlgorithm.TokenBucket"/>.</param>
    /// <param name="burst">Requests that may come at once after a pause, 1 to 1,000,000; only for <see cref="RateLimitAlgorithm.TokenBucket"/>. Default: as <paramref name="requests"/>.</param>
    /// <param name="key">Whose requests are counted together. Default: <see cref="RateLimitKey.ClientAddress"/>, or <see cref="RateLimitKey.Header"/> where <paramref name="header"/> is given.</param>
    /// <param name="header">Name of the header whose values are counted apart.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is not allowed, or cannot be together with another.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="algorithm"/> or <paramref name="key"/> is none of its enumeration.</exception>
    public Layer7RouteBuilder WithRateLimit(
        int requests,
        TimeSpan? window = null,
        RateLimitAlgorithm algorithm = RateLimitAlgorithm.TokenBucket,
        int? burst = null,
        RateLimitKey? key = null,
        string? header = null)
    {
        var chosen = key ?? (header is null ? RateLimitKey.ClientAddress : RateLimitKey.Header);
        Contract.CheckDefined(algorithm, nameof(algorithm));
        Contract.CheckDefined(chosen, nameof(key));
        var rate = new RateLimitOptions { Algorithm = algorithm, Requests = requests };
        With(Options with { RateLimit = rate }, nameof(requests));
        rate = rate with { Window = window ?? rate.Window };
        With(Options with { RateLimit = rate }, nameof(window));
        rate = rate with { Burst = burst };
        With(Options with { RateLimit = rate }, nameof(burst));
        return With(Options with { RateLimit = rate with { Key = chosen, Header = header } }, nameof(header));
    }

    /// <summary>Limits the requests at a time; more wait, and beyond the queue are answered with 503 and <c>Retry-After</c>. Default: no limit.</summary>
    /// <param name="requests">Requests at a time, 1 to 1,000,000.</param>
    /// <param name="queueLength">Requests that may wait, first come, first served, 0 to 1,000,000; 0 refuses at once. Default: 1,000.</param>
    /// <param name="queueTimeout">Time after which one that waits is refused, 1 ms to 10 min. Default: 5 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public Layer7RouteBuilder WithConcurrencyLimit(int requests, int? queueLength = null, TimeSpan? queueTimeout = null)
    {
        var limit = new ConcurrencyLimitOptions { Requests = requests };
        With(Options with { Concurrency = limit }, nameof(requests));
        limit = limit with { QueueLength = queueLength ?? limit.QueueLength };
        With(Options with { Concurrency = limit }, nameof(queueLength));
        return With(Options with { Concurrency = limit with { QueueTimeout = queueTimeout ?? limit.QueueTimeout } }, nameof(queueTimeout));
    }

    /// <summary>Refuses larger request bodies with 413. Default: no limit.</summary>
    /// <param name="bytes">Bytes of the largest body, 0 to 1,000,000,000,000.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is out of range.</exception>
    public Layer7RouteBuilder WithMaxRequestBodySize(long bytes) => With(Options with { MaxRequestBodySize = bytes }, nameof(bytes));

    /// <summary>
    /// Gives a part of the requests to the replicas of another resource, such as a new version (canary): to its endpoint
    /// <c>http</c> or, where it has none, to its only endpoint over HTTP or HTTPS. May be called for several resources;
    /// the route's own gets the rest. A command changes the shares while it runs.
    /// </summary>
    /// <param name="backend">The resource.</param>
    /// <param name="percent">Percent of the requests, 0 to 100; of all splits together at most 100.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="percent"/> is out of range, or <paramref name="backend"/> has no such endpoint or a share already.</exception>
    /// <example>
    /// <code lang="csharp">
    /// edge.WithRoute("/{**rest}", catalog, r => r.WithSplit(catalogNext, percent: 10));
    /// </code>
    /// </example>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public Layer7RouteBuilder WithSplit(IResourceBuilder<IResourceWithEndpoints> backend, int percent) => WithSplit(HttpBackend.Of(backend, nameof(backend)), percent);

    /// <summary>
    /// Gives a part of the requests to the replicas behind another endpoint, such as a new version (canary). May be called
    /// for several endpoints; the route's own gets the rest. A command changes the shares while it runs.
    /// </summary>
    /// <param name="backend">The endpoint, over HTTP or HTTPS.</param>
    /// <param name="percent">Percent of the requests, 0 to 100; of all splits together at most 100.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="percent"/> is out of range, or <paramref name="backend"/> has a share already.</exception>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public Layer7RouteBuilder WithSplit(EndpointReference backend, int percent)
    {
        var name = NameOf(backend);
        var split = Options.Split ?? new();
        if (split.Pools.ContainsKey(name))
        {
            throw new ArgumentException($"The endpoint '{backend.EndpointName}' of '{backend.Resource.Name}' has a share already; must have one.", nameof(backend));
        }

        return With(Options with { Split = split with { Pools = new(split.Pools, StringComparer.OrdinalIgnoreCase) { [name] = percent } } }, nameof(percent));
    }

    /// <summary>Sets whether a cookie keeps a client on the resource that a split gave it, as long as that has a share. Default: it does.</summary>
    /// <param name="sticky">Whether a cookie is used.</param>
    /// <param name="cookie">The cookie's name; <see langword="null"/> for <c>lb-split-</c> and the route's name.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="cookie"/> is not a cookie name, is that of the affinity, or is given where none is used.</exception>
    public Layer7RouteBuilder WithStickySplit(bool sticky, string? cookie = null) =>
        With(Options with { Split = (Options.Split ?? new()) with { Sticky = sticky, Cookie = cookie } }, nameof(cookie));

    /// <summary>
    /// Sends copies of requests to another resource, whose answers are dropped: to its endpoint <c>http</c> or, where it
    /// has none, to its only endpoint over HTTP or HTTPS. Clients notice nothing of it.
    /// </summary>
    /// <param name="backend">The resource.</param>
    /// <param name="percent">Percent of the requests that are copied, 0 to 100. Default: 100.</param>
    /// <param name="maxBodySize">Bytes of the largest body that is copied, 0 to 100,000,000; requests with a larger one are not. Default: 1,048,576 (1 MiB).</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A number is out of range, or <paramref name="backend"/> has no such endpoint.</exception>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public Layer7RouteBuilder WithMirror(IResourceBuilder<IResourceWithEndpoints> backend, int percent = 100, int? maxBodySize = null) =>
        WithMirror(HttpBackend.Of(backend, nameof(backend)), percent, maxBodySize);

    /// <summary>Sends copies of requests to the replicas behind another endpoint, whose answers are dropped. Clients notice nothing of it.</summary>
    /// <param name="backend">The endpoint, over HTTP or HTTPS.</param>
    /// <param name="percent">Percent of the requests that are copied, 0 to 100. Default: 100.</param>
    /// <param name="maxBodySize">Bytes of the largest body that is copied, 0 to 100,000,000; requests with a larger one are not. Default: 1,048,576 (1 MiB).</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public Layer7RouteBuilder WithMirror(EndpointReference backend, int percent = 100, int? maxBodySize = null)
    {
        var mirror = new MirrorOptions { Pool = NameOf(backend), Percent = percent };
        With(Options with { Mirror = mirror }, nameof(percent));
        return With(Options with { Mirror = mirror with { MaxBodySize = maxBodySize ?? mirror.MaxBodySize } }, nameof(maxBodySize));
    }

    /// <summary>Takes only requests to one of these hosts. Default: every host.</summary>
    /// <param name="hosts">Host names, with an optional <c>*.</c> in front or <c>:port</c> behind.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="hosts"/> is not a host, or there is none.</exception>
    public Layer7RouteBuilder WithHosts(params string[] hosts) => With(Options with { Hosts = Contract.NotEmpty(hosts, nameof(hosts)) }, nameof(hosts));

    /// <summary>Takes only requests with one of these methods. Default: every method.</summary>
    /// <param name="methods">HTTP methods, such as <c>GET</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="methods"/> is not a method, or there is none.</exception>
    public Layer7RouteBuilder WithMethods(params string[] methods) => With(Options with { Methods = Contract.NotEmpty(methods, nameof(methods)) }, nameof(methods));

    /// <summary>Takes only requests that come in by one of these listeners of the balancer. Default: every listener.</summary>
    /// <param name="listeners">Names of listeners, such as <c>http</c> or <c>https</c>; they must be there when the AppHost starts.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="listeners"/> is empty.</exception>
    public Layer7RouteBuilder WithListeners(params string[] listeners) => With(Options with { Listeners = Contract.NotEmpty(listeners, nameof(listeners)) }, nameof(listeners));

    /// <summary>Takes only requests that have this header. May be called for several headers, all of which a request must have.</summary>
    /// <param name="name">The header.</param>
    /// <param name="values">The values of which it must have one; none asks for the header alone.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithHeader(string name, params string[] values) =>
        With(Options with { Headers = Added(Options.Headers, StringComparer.OrdinalIgnoreCase, name, values) }, nameof(name));

    /// <summary>Takes only requests that have this cookie. May be called for several cookies, all of which a request must have.</summary>
    /// <param name="name">The cookie; its name has a case.</param>
    /// <param name="values">The values of which it must have one; none asks for the cookie alone.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a cookie name.</exception>
    public Layer7RouteBuilder WithCookie(string name, params string[] values) =>
        With(Options with { Cookies = Added(Options.Cookies, StringComparer.Ordinal, name, values) }, nameof(name));

    /// <summary>Takes only requests that have this query parameter. May be called for several parameters, all of which a request must have.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="values">The values of which it must have one; none asks for the parameter alone.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty or has a <c>:</c>.</exception>
    public Layer7RouteBuilder WithQuery(string name, params string[] values) =>
        With(Options with { Query = Added(Options.Query, StringComparer.OrdinalIgnoreCase, name, values) }, nameof(name));

    /// <summary>Puts the route before those with a higher order. Default: the more specific path goes first.</summary>
    /// <param name="order">The order; routes without one have 0.</param>
    /// <returns>This builder.</returns>
    public Layer7RouteBuilder WithOrder(int order) => With(Options with { Order = order }, nameof(order));

    /// <summary>
    /// Sets the leading part of the path that the backend does not see.
    /// Default: the literal part in front of a catch-all, such as <c>/auth</c> of <c>/auth/{**rest}</c>.
    /// </summary>
    /// <param name="prefix">The part, starting with <c>/</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> is not a path.</exception>
    public Layer7RouteBuilder WithPathRemovePrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return With(Options with { RemovePrefix = prefix }, nameof(prefix));
    }

    /// <summary>Sends the whole path to the backend.</summary>
    /// <returns>This builder.</returns>
    public Layer7RouteBuilder WithFullPath()
    {
        Options = Options with { RemovePrefix = null };
        return this;
    }

    /// <summary>The options, with the names that pools have at the balancer.</summary>
    internal RouteOptions WithPools(string own, Func<EndpointReference, string> poolOf)
    {
        var split = Options.Split is { } shares
            ? shares with { Pools = shares.Pools.ToDictionary(share => poolOf(_others[share.Key]), share => share.Value, StringComparer.OrdinalIgnoreCase) }
            : null;
        return Options with { Pool = own, Split = split, Mirror = Options.Mirror is { } mirror ? mirror with { Pool = poolOf(_others[mirror.Pool!]) } : null };
    }

    private string NameOf(EndpointReference backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var name = $"{backend.Resource.Name}.{backend.EndpointName}";
        _others[name] = backend;
        return name;
    }

    private Layer7RouteBuilder With(RouteOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return this;
    }

    private static Dictionary<string, string[]> Added(Dictionary<string, string[]> conditions, StringComparer comparer, string name, string[] values)
    {
        Contract.CheckKey(name, nameof(name));
        ArgumentNullException.ThrowIfNull(values);
        return new(conditions, comparer) { [name] = values };
    }
}
