using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <content>What AppHosts in other languages, which know no overloads, call instead of the public methods.</content>
public sealed partial class Layer7RouteBuilder
{
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
