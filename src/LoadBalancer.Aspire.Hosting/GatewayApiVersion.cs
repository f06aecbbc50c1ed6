namespace Aspire.Hosting;

/// <summary>A release of the Kubernetes Gateway API, which decides the versions of the resources that are written.</summary>
public enum GatewayApiVersion
{
    /// <summary>1.4: HTTP routes are <c>v1</c>; TCP, UDP and TLS routes are <c>v1alpha2</c> and of the experimental channel.</summary>
    V14,

    /// <summary>1.5: HTTP and TLS routes are <c>v1</c>; TCP and UDP routes are <c>v1alpha2</c> and of the experimental channel.</summary>
    V15,

    /// <summary>1.6: all routes are <c>v1</c>, of the standard channel.</summary>
    V16,
}
