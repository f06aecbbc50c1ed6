using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Matching;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Leaves out routes that are for other listeners than the one by which a request came in.</summary>
internal sealed class ListenerMatcherPolicy : ConditionsMatcherPolicy<ListenerConditions>
{
    // After CookieMatcherPolicy.
    public override int Order => -19;

    public override IComparer<Endpoint> Comparer { get; } = EndpointMetadataComparer<ListenerConditions>.Default;
}
