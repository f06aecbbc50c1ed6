using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <content>What AppHosts in other languages, which know no overloads, call instead of the public methods.</content>
public sealed partial class Layer7RouteBuilder
{
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
    [AspireExport("Layer7RouteBuilder.withCache", MethodName = "withCache")]
    internal Layer7RouteBuilder CacheFor(TimeSpan? duration = null, string[]? tags = null) => WithCache(duration, tags ?? []);

    /// <summary>
    /// Sets when a request is sent again, each time to another replica: where nothing of it was sent, or its method is
    /// idempotent (RFC 9110 §9.2.2). What is not given stays as it is.
    /// </summary>
    /// <param name="attempts">Attempts in all, the first included, 1 to 10; 1 never retries. Default: 3.</param>
    /// <param name="budget">Retries in percent of the route's requests in the last 10 s, 0 to 100, beyond which none are made; 3 are always allowed in that time. Default: 20.</param>
    /// <param name="backOff">Longest pause before the first retry, 0 to 10 s; drawn at random up to it, and doubled with each further one. Default: 25 ms.</param>
    /// <param name="statuses">Statuses that are retried as well, 500 to 599. Default: none, since the service has answered.</param>
    /// <returns>This builder.</returns>
    [AspireExport("Layer7RouteBuilder.withRetry", MethodName = "withRetry")]
    internal Layer7RouteBuilder RetryWith(int? attempts = null, int? budget = null, TimeSpan? backOff = null, int[]? statuses = null) =>
        WithRetry(attempts, budget, backOff, statuses ?? []);

    /// <summary>
    /// Gives a part of the requests to the replicas of another resource, such as a new version (canary). May be called for
    /// several; the route's own gets the rest. A command changes the shares while it runs.
    /// </summary>
    /// <param name="backend">The resource, with an endpoint <c>http</c> or only one over HTTP or HTTPS; or the endpoint.</param>
    /// <param name="percent">Percent of the requests, 0 to 100; of all splits together at most 100.</param>
    /// <returns>This builder.</returns>
    [AspireExport("Layer7RouteBuilder.withSplit", MethodName = "withSplit")]
    internal Layer7RouteBuilder SplitTo([AspireUnion(typeof(IResourceBuilder<IResourceWithEndpoints>), typeof(EndpointReference))] object backend, int percent) =>
        WithSplit(HttpBackend.Of(backend, nameof(backend)), percent);

    /// <summary>Sends copies of requests to another resource, whose answers are dropped. Clients notice nothing of it.</summary>
    /// <param name="backend">The resource, with an endpoint <c>http</c> or only one over HTTP or HTTPS; or the endpoint.</param>
    /// <param name="percent">Percent of the requests that are copied, 0 to 100. Default: 100.</param>
    /// <param name="maxBodySize">Bytes of the largest body that is copied, 0 to 100,000,000; requests with a larger one are not. Default: 1,048,576 (1 MiB).</param>
    /// <returns>This builder.</returns>
    [AspireExport("Layer7RouteBuilder.withMirror", MethodName = "withMirror")]
    internal Layer7RouteBuilder MirrorTo(
        [AspireUnion(typeof(IResourceBuilder<IResourceWithEndpoints>), typeof(EndpointReference))] object backend,
        int percent = 100,
        int? maxBodySize = null) => WithMirror(HttpBackend.Of(backend, nameof(backend)), percent, maxBodySize);

    /// <summary>Changes requests and answers by a transform in YARP's names and form, in the order of the calls.</summary>
    /// <param name="keys">The transform's keys, such as <c>PathPattern</c>, with their values.</param>
    /// <returns>This builder.</returns>
    [AspireExport("Layer7RouteBuilder.withTransform", MethodName = "withTransform")]
    internal Layer7RouteBuilder TransformBy(IReadOnlyDictionary<string, string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return WithTransform(transform =>
        {
            foreach (var (key, value) in keys)
            {
                transform[key] = value;
            }
        });
    }
}
