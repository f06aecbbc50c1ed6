using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Tests;

public sealed class AdminTokenTests
{
    private const string Variable = "LoadBalancer__Admin__Token";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static async Task<ParameterResource> TokenOfAsync(LoadBalancerResource balancer) =>
        Assert.IsType<ParameterResource>((await Model.EnvironmentOfAsync(balancer))[Variable]);

    [Fact]
    public async Task Each_balancer_is_given_a_secret_of_its_own()
    {
        var builder = Model.NewBuilder();
        var wire = await TokenOfAsync(builder.AddLayer4LoadBalancer("wire").Resource);
        var edge = await TokenOfAsync(builder.AddLayer7LoadBalancer("edge").Resource);

        var token = await wire.GetValueAsync(Cancelled);

        Assert.Equal(("wire-admin-token", true), (wire.Name, wire.Secret));
        Assert.Matches("^[A-Za-z0-9]{32,}$", token);
        Assert.Equal(token, await wire.GetValueAsync(Cancelled));
        Assert.NotEqual(token, await edge.GetValueAsync(Cancelled));
    }

    [Fact]
    public async Task The_secret_may_come_from_the_configuration()
    {
        var builder = Model.NewBuilder("--Parameters:wire-admin-token=from-the-configuration");
        var wire = builder.AddLayer4LoadBalancer("wire");

        Assert.Equal("from-the-configuration", await wire.Resource.AdminTokenParameter!.GetValueAsync(Cancelled));
    }

    [Fact]
    public async Task The_secret_is_kept_nowhere()
    {
        var builder = Model.NewBuilder();
        var first = await builder.AddLayer4LoadBalancer("wire").Resource.AdminTokenParameter!.GetValueAsync(Cancelled);

        Assert.DoesNotContain(first, builder.Configuration.AsEnumerable().Select(entry => entry.Value));
        Assert.NotEqual(first, await Model.NewBuilder().AddLayer4LoadBalancer("wire").Resource.AdminTokenParameter!.GetValueAsync(Cancelled));
    }

    [Fact]
    public async Task The_secret_may_be_a_parameter()
    {
        var builder = Model.NewBuilder();
        var mine = builder.AddParameter("mine", "a-token-of-my-own", secret: true);
        var edge = builder.AddLayer7LoadBalancer("edge").WithAdminToken(mine);

        Assert.Same(mine.Resource, await TokenOfAsync(edge.Resource));
    }

    [Fact]
    public void A_parameter_that_is_no_secret_is_refused()
    {
        var builder = Model.NewBuilder();
        var mine = builder.AddParameter("mine", "a-token-of-my-own");

        var exception = Assert.Throws<ArgumentException>("token", () => builder.AddLayer7LoadBalancer("edge").WithAdminToken(mine));

        Assert.StartsWith("The parameter 'mine' is not a secret; must be added with secret: true.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_deployed_has_a_token_of_who_deploys()
    {
        var environment = await Model.EnvironmentOfAsync(Model.NewBuilder().AddLayer4LoadBalancer("wire").Resource, DistributedApplicationOperation.Publish);

        Assert.Equal("{wire-admin-token.value}", Model.ExpressionOf(environment[Variable]));
    }
}
