using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>Reaches the load balancers of an AppHost that runs.</summary>
public static class LoadBalancerClientExtensions
{
    /// <summary>Makes a client for a load balancer's admin endpoint, with the token that its commands need.</summary>
    /// <param name="app">The AppHost, started.</param>
    /// <param name="name">Name of the load balancer.</param>
    /// <param name="cancellationToken">Ends the wait for address and token.</param>
    /// <returns>The client.</returns>
    /// <exception cref="ArgumentException">There is no load balancer of this name.</exception>
    /// <example>
    /// <code lang="csharp">
    /// using var edge = await app.CreateLoadBalancerClientAsync("edge");
    /// var statistics = await edge.GetStatisticsAsync();
    /// </code>
    /// </example>
    [AspireExportIgnore(Reason = "For tests of an AppHost, which run in its process.")]
    public static async Task<LoadBalancerClient> CreateLoadBalancerClientAsync(this DistributedApplication app, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var balancers = app.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<LoadBalancerResource>().ToArray();
        var balancer = Array.Find(balancers, candidate => candidate.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no load balancer '{name}'; there {(balancers.Length == 0 ? "is none" : $"are {string.Join(", ", balancers.Select(candidate => candidate.Name))}")}.", nameof(name));
        return await balancer.CreateClientAsync(cancellationToken).ConfigureAwait(false);
    }

    internal static async Task<LoadBalancerClient> CreateClientAsync(this LoadBalancerResource balancer, CancellationToken cancellationToken)
    {
        var address = await balancer.AdminEndpoint.GetValueAsync(cancellationToken).ConfigureAwait(false);
        var token = balancer.AdminTokenParameter is { } parameter ? await parameter.GetValueAsync(cancellationToken).ConfigureAwait(false) : null;
        return new(new() { BaseAddress = new(address!) }, token);
    }
}
