using System.Reflection;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4;
using LoadBalancer.Layer7;
using LoadBalancer.Server.Admin;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Server.Tests;

public sealed class LogEventTests
{
    private static readonly Assembly[] Product =
        [typeof(LoadBalancerOptions).Assembly, typeof(BackendPool).Assembly, typeof(Layer4Balancer).Assembly, typeof(Layer7Balancer).Assembly, typeof(AdminToken).Assembly];

    [Fact]
    public void Every_event_has_an_id_that_no_other_has() => Assert.Equal([], LoadBalancer.Tests.EventIds.FindFaults(Product));

    // 1xx the domain, 2xx Layer 4, 3xx Layer 7, 4xx the server; 5xx is the Aspire extension's.
    [Fact]
    public void An_id_says_whose_event_it_is()
    {
        foreach (var (assembly, hundred) in Product.Zip([0, 1, 2, 3, 4]))
        {
            Assert.All(LoadBalancer.Tests.EventIds.All(assembly), logged => Assert.Equal(hundred, logged.Id / 100));
        }

        Assert.Contains(Product.SelectMany(LoadBalancer.Tests.EventIds.All), logged => logged is { Id: 103, Level: LogLevel.Information });
    }
}
