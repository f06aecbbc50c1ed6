using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.Caching;

/// <summary>Lets a request to a backend outlive the client that caused it, as long as others wait for the answer.</summary>
internal sealed class FetchLifetime(IHttpRequestLifetimeFeature? client, Fill fill) : IHttpRequestLifetimeFeature
{
    public CancellationToken RequestAborted { get; set; } = fill.Abandoned;

    /// <summary>Whether the answer broke off.</summary>
    public bool WasAborted { get; private set; }

    /// <summary>Whether what the client has of the answer is also broken off, at once.</summary>
    public bool PassesOn { get; set; }

    public void Abort()
    {
        WasAborted = true;
        if (PassesOn)
        {
            client?.Abort();
        }
    }
}
