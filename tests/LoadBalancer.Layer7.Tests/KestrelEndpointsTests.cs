using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Limits;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer7.Tests;

public sealed class KestrelEndpointsTests
{
    [Fact]
    public async Task A_port_that_was_chosen_and_taken_meanwhile_is_chosen_anew()
    {
        await using var endpoints = new KestrelEndpoints(new ConnectionLimit(), NullLogger.Instance);
        var listeners = new Dictionary<string, Layer7ListenerOptions> { ["http"] = new() { Address = "127.0.0.1:0" } };
        endpoints.Apply(listeners);
        var chosen = IPEndPoint.Parse(endpoints.GetStatistics().Single().Addresses.Single());
        using var taker = new TcpListener(chosen);
        taker.Start();

        Assert.True(endpoints.TryChooseOtherPorts(listeners));

        var other = IPEndPoint.Parse(endpoints.GetStatistics().Single().Addresses.Single());
        Assert.Equal(chosen.Address, other.Address);
        Assert.NotEqual(chosen.Port, other.Port);
        Assert.Equal($"http://{other}", endpoints.Configuration["Endpoints:http:Url"]);
    }

    [Fact]
    public async Task A_port_of_the_configuration_stays()
    {
        await using var endpoints = new KestrelEndpoints(new ConnectionLimit(), NullLogger.Instance);
        var listeners = new Dictionary<string, Layer7ListenerOptions> { ["http"] = new() { Address = "127.0.0.1:8080" } };
        endpoints.Apply(listeners);

        Assert.False(endpoints.TryChooseOtherPorts(listeners));

        Assert.Equal("127.0.0.1:8080", endpoints.GetStatistics().Single().Addresses.Single());
    }
}
