using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Matching;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Leaves out routes whose cookies a request does not have.</summary>
internal sealed class CookieMatcherPolicy : ConditionsMatcherPolicy<CookieConditions>
{
    // After YARP's policies for headers (-50) and query (-25).
    public override int Order => -20;

    public override IComparer<Endpoint> Comparer { get; } = new MoreConditionsFirst();

    private sealed class MoreConditionsFirst : EndpointMetadataComparer<CookieConditions>
    {
        protected override int CompareMetadata(CookieConditions? x, CookieConditions? y) => (y?.Count ?? 0).CompareTo(x?.Count ?? 0);
    }
}
