using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Leaves out routes that are for other listeners than the one by which a request came in, so that it goes to the next one.</summary>
internal sealed class ListenerMatcherPolicy : MatcherPolicy, IEndpointComparerPolicy, IEndpointSelectorPolicy
{
    // After CookieMatcherPolicy.
    public override int Order => -19;

    public IComparer<Endpoint> Comparer { get; } = EndpointMetadataComparer<ListenerConditions>.Default;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        ContainsDynamicEndpoints(endpoints) || endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<ListenerConditions>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i)
                && candidates[i].Endpoint.Metadata.GetMetadata<ListenerConditions>() is { } conditions
                && !conditions.Hold(httpContext))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }
}
