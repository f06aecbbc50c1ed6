using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Makes the health of each balancer that of every pool it has, once the model is complete.</summary>
internal sealed class PoolHealthChecks(DistributedApplicationModel model, IOptions<HealthCheckServiceOptions> checks) : IDistributedApplicationEventingSubscriber
{
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        if (executionContext.IsRunMode)
        {
            eventing.Subscribe<BeforeStartEvent>((_, _) =>
            {
                Add();
                return Task.CompletedTask;
            });
        }

        return Task.CompletedTask;
    }

    // Services can no longer be added by now, but endpoints could until now.
    private void Add()
    {
        foreach (var balancer in model.Resources.OfType<LoadBalancerResource>())
        {
            foreach (var pool in balancer.Pools)
            {
                var key = PoolHealthCheck.KeyOf(balancer, pool);
                checks.Value.Registrations.Add(new(key, _ => new PoolHealthCheck(balancer, pool), failureStatus: null, tags: null));
                balancer.Annotations.Add(new HealthCheckAnnotation(key));
            }
        }
    }
}
