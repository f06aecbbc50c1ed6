using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Leaves out routes whose cookies a request does not have, so that it goes to the next one.</summary>
internal sealed class CookieMatcherPolicy : MatcherPolicy, IEndpointComparerPolicy, IEndpointSelectorPolicy
{
    // After YARP's policies for headers (-50) and query (-25).
    public override int Order => -20;

    public IComparer<Endpoint> Comparer { get; } = new MoreConditionsFirst();

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        ContainsDynamicEndpoints(endpoints) || endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<CookieConditions>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i)
                && candidates[i].Endpoint.Metadata.GetMetadata<CookieConditions>() is { } conditions
                && !conditions.Hold(httpContext.Request))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }

    private sealed class MoreConditionsFirst : EndpointMetadataComparer<CookieConditions>
    {
        protected override int CompareMetadata(CookieConditions? x, CookieConditions? y) => (y?.Count ?? 0).CompareTo(x?.Count ?? 0);
    }
}
