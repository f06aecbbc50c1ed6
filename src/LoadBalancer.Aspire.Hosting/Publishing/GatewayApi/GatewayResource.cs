namespace Aspire.Hosting.LoadBalancing;

/// <summary>A resource of the Gateway API.</summary>
/// <param name="Version">Its version in the group <c>gateway.networking.k8s.io</c>.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Spec">Its spec: texts, numbers, lists and maps of these.</param>
/// <param name="Notes">What of the balancer's options it does not do, or not as they do.</param>
internal sealed record GatewayResource(string Version, string Kind, string Name, Dictionary<string, object> Spec, IReadOnlyList<string> Notes);
