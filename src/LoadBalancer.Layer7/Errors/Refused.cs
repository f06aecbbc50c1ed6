using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Errors;

/// <summary>Why the balancer answered a request by itself: a feature of those that have no route to say it.</summary>
internal sealed class Refused(Refusal refusal)
{
    /// <summary>The reason of a request that was refused, with a route or without; null for one that was not.</summary>
    public static Refusal? Of(HttpContext context) =>
        BalancedRequest.Of(context) is { } request ? request.Refusal : context.Features.Get<Refused>()?.Reason;

    public static void Set(HttpContext context, Refusal refusal)
    {
        if (BalancedRequest.Of(context) is { } request)
        {
            request.Refusal = refusal;
        }
        else
        {
            context.Features.Set(new Refused(refusal));
        }
    }

    private Refusal Reason => refusal;
}
