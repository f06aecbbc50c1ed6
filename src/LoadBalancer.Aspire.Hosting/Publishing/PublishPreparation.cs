using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Checks the balancers of an AppHost that is published, once its model is complete.</summary>
internal sealed class PublishPreparation(PublishedBalancers balancers) : IDistributedApplicationEventingSubscriber
{
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        if (executionContext.IsPublishMode)
        {
            eventing.Subscribe<BeforeStartEvent>((_, _) =>
            {
                Prepare();
                return Task.CompletedTask;
            });
        }

        return Task.CompletedTask;
    }

    private void Prepare()
    {
        foreach (var balancer in balancers.All)
        {
            balancer.ThrowIfUnusable();
            ContainerBuilder.MovePrivilegedPorts(balancer);
            ThrowIfBehindGateway(balancer);
        }
    }

    // A Gateway is no service that anything can be sent to by a name of ours.
    private static void ThrowIfBehindGateway(LoadBalancerResource balancer)
    {
        var behind = balancer.Pools.SelectMany(pool => pool.Members).Select(member => member.Resource).OfType<LoadBalancerResource>().FirstOrDefault(other => other.GatewayApi is not null);
        if (behind is not null)
        {
            throw new DistributedApplicationException($"Load balancer '{balancer.Name}' sends to '{behind.Name}', which is published as a Gateway; it must send to what is behind, or '{behind.Name}' must be published as a container.");
        }
    }
}
