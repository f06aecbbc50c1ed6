using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a route of a Layer 7 load balancer. A request must meet all of the route's conditions.</summary>
public sealed class Layer7RouteBuilder
{
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

    /// <summary>Keeps successful answers to <c>GET</c> and <c>HEAD</c> in the balancer's memory. Default: no cache.</summary>
    /// <param name="duration">How long an answer is served from memory, 1 s to 1 d.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="duration"/> is out of range.</exception>
    public Layer7RouteBuilder WithCache(TimeSpan duration) => With(Options with { Cache = new() { Duration = duration } }, nameof(duration));

    /// <summary>Keeps a client on the replica of its first request, by a cookie, for as long as that replica runs. Default: no affinity.</summary>
    /// <param name="cookie">The cookie's name; <see langword="null"/> for <c>lb-affinity-</c> and the pool's name.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="cookie"/> is not a cookie name.</exception>
    public Layer7RouteBuilder WithSessionAffinity(string? cookie = null) =>
        With(Options with { SessionAffinity = cookie is null ? new() : new() { Cookie = cookie } }, nameof(cookie));

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

    /// <summary>Takes only requests that have this header. May be called for several headers, all of which a request must have.</summary>
    /// <param name="name">The header.</param>
    /// <param name="values">The values of which it must have one; none asks for the header alone.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithHeader(string name, params string[] values) =>
        With(Options with { Headers = Added(Options.Headers, name, values) }, nameof(name));

    /// <summary>Takes only requests that have this query parameter. May be called for several parameters, all of which a request must have.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="values">The values of which it must have one; none asks for the parameter alone.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty or has a <c>:</c>.</exception>
    public Layer7RouteBuilder WithQuery(string name, params string[] values) =>
        With(Options with { Query = Added(Options.Query, name, values) }, nameof(name));

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

    private Layer7RouteBuilder With(RouteOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return this;
    }

    private static Dictionary<string, string[]> Added(Dictionary<string, string[]> conditions, string name, string[] values)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(values);
        if (name.Contains(':'))
        {
            throw new ArgumentException($"'{name}' has a ':', which divides the keys of the configuration; must have none.", nameof(name));
        }

        return new(conditions, StringComparer.OrdinalIgnoreCase) { [name] = values };
    }
}
