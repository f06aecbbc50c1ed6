using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer4.Tests.Nat;

public sealed class NatTargetsTests
{
    private static readonly NatKernel Router = new(ForwardsIPv4: true, ForwardsIPv6: true, RoutesLoopback: false, new HashSet<IPAddress> { IPAddress.Parse("10.0.0.1") });

    [Theory]
    // Another machine's backend, by the balancer's address: nothing to say.
    [InlineData("10.0.0.1:80", "10.0.0.2:80", 1, 0, null)]
    [InlineData("[::]:80", "10.0.0.2:80", 1, 0, null)]
    [InlineData("[::]:80", "[fd00::2]:80", 0, 1, null)]
    // The other family.
    [InlineData("10.0.0.1:80", "[fd00::2]:80", 0, 0, "[fd00::2]:80 is IPv6, the listener's address is not")]
    [InlineData("[fd00::1]:80", "10.0.0.2:80", 0, 0, "10.0.0.2:80 is IPv4, the listener's address is not")]
    [InlineData("0.0.0.0:80", "[fd00::2]:80", 0, 0, "is not used")]
    // From loopback to another machine, and to an address of this one.
    [InlineData("127.0.0.1:80", "10.0.0.2:80", 0, 0, "unless net.ipv4.conf.all.route_localnet is 1")]
    [InlineData("[::1]:80", "[fd00::2]:80", 0, 0, "the kernel sends nothing there from ::1; give")]
    [InlineData("127.0.0.1:80", "127.0.0.1:81", 1, 0, null)]
    [InlineData("127.0.0.1:80", "10.0.0.1:81", 1, 0, null)]
    // From outside to loopback.
    [InlineData("10.0.0.1:80", "127.0.0.1:81", 1, 0, "gets connections of this machine only")]
    public void A_backend_is_used_where_the_kernel_can_reach_it(string address, string backend, int ipv4, int ipv6, string? problem)
    {
        var targets = NatTargets.Of([IPEndPoint.Parse(address)], Targets(backend), Router);

        Assert.Equal((ipv4, ipv6), (targets.IPv4.Count, targets.IPv6.Count));
        if (problem is null)
        {
            Assert.Empty(targets.Problems);
        }
        else
        {
            Assert.Contains(problem, Assert.Single(targets.Problems));
        }
    }

    [Fact]
    public void With_route_localnet_loopback_reaches_other_machines()
    {
        var targets = NatTargets.Of([IPEndPoint.Parse("127.0.0.1:80")], Targets("10.0.0.2:80"), Router with { RoutesLoopback = true });

        Assert.Single(targets.IPv4);
        Assert.Empty(targets.Problems);
    }

    [Theory]
    [InlineData("10.0.0.2:80", "net.ipv4.ip_forward is 0")]
    [InlineData("[fd00::2]:80", "net.ipv6.conf.all.forwarding is 0")]
    public void Forwarding_that_is_off_is_said_with_the_command_that_helps(string backend, string expected)
    {
        var targets = NatTargets.Of([IPEndPoint.Parse("[::]:80")], Targets(backend), Router with { ForwardsIPv4 = false, ForwardsIPv6 = false });

        Assert.Contains(expected, Assert.Single(targets.Problems));
        Assert.Contains("sysctl -w ", targets.Problems[0]);
    }

    [Fact]
    public void Backends_of_this_machine_need_no_forwarding() =>
        Assert.Empty(NatTargets.Of([IPEndPoint.Parse("10.0.0.1:80")], Targets("10.0.0.1:81"), Router with { ForwardsIPv4 = false }).Problems);

    private static NatTarget[] Targets(string address)
    {
        var pool = new BackendPool("p", "tcp://p", new PoolOptions { HealthCheck = new() { Type = HealthCheckType.None } }, NullLogger.Instance);
        pool.SetMembers([IPEndPoint.Parse(address)]);
        return [new NatTarget(pool.Snapshot.Members[0], IPEndPoint.Parse(address))];
    }
}
