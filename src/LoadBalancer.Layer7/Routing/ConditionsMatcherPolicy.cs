using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace LoadBalancer.Layer7.Routing;

/// <summary>Leaves out routes whose conditions a request does not meet, so that it goes to the next one.</summary>
internal abstract class ConditionsMatcherPolicy<T> : MatcherPolicy, IEndpointComparerPolicy, IEndpointSelectorPolicy
    where T : class, IRouteConditions
{
    public abstract IComparer<Endpoint> Comparer { get; }

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        ContainsDynamicEndpoints(endpoints) || endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<T>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i) && candidates[i].Endpoint.Metadata.GetMetadata<T>() is { } conditions && !conditions.Hold(httpContext))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }
}
