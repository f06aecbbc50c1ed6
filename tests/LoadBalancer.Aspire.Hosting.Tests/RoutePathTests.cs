using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting.Tests;

public sealed class RoutePathTests
{
    [Theory]
    [InlineData("/auth/{**rest}", "/auth")]
    [InlineData("/api/v1/{*rest}", "/api/v1")]
    [InlineData("/{**rest}", null)]
    [InlineData("/about", null)]
    [InlineData("/", null)]
    [InlineData("/items/{id}", null)]
    [InlineData("/{tenant}/{**rest}", null)]
    [InlineData("/api/{version}/{**rest}", null)]
    public void Only_the_literal_part_in_front_of_a_catch_all_is_a_prefix(string path, string? expected) =>
        Assert.Equal(expected, new RoutePath(path, "path").PrefixOfCatchAll);

    [Theory]
    [InlineData("/auth/{**rest}", "auth")]
    [InlineData("/API/v1/{id:int}", "api-v1-id")]
    [InlineData("/a.b/{name}.{extension}", "a-b-name-extension")]
    [InlineData("/{**rest}", "default")]
    [InlineData("/", "root")]
    public void Its_words_are_a_name(string path, string expected) => Assert.Equal(expected, new RoutePath(path, "path").Words);

    [Theory]
    [InlineData("/items/{id}", "/items/{number}", true)]
    [InlineData("/items/{id:int}", "/items/{number:int}", true)]
    [InlineData("/items/{id:int}", "/items/{id}", false)]
    [InlineData("/items/{id?}", "/items/{id}", false)]
    [InlineData("/{*a}", "/{**a}", false)]
    [InlineData("/{{a}}", "/{{b}}", false)]
    public void The_names_of_parameters_are_not_part_of_its_shape(string left, string right, bool same) =>
        Assert.Equal(same, new RoutePath(left, "path").Shape == new RoutePath(right, "path").Shape);
}
