using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Selection;

public sealed class RequestKeyTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.7");

    public static TheoryData<string, RouteHashKeyOptions> Keys => new()
    {
        { "header", new() { Header = "X-User" } },
        { "cookie", new() { Cookie = "user" } },
        { "query", new() { Query = "user" } },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void What_is_asked_for_is_hashed_and_nothing_else(string what, RouteHashKeyOptions key)
    {
        var one = Request(what, "anna");

        Assert.Equal(ClientHash.Of("anna"), RequestKey.Of(one, key));
        one.Request.Headers["X-Other"] = "1";
        one.Request.Path = "/elsewhere";
        one.Connection.RemoteIpAddress = IPAddress.Loopback;
        Assert.Equal(ClientHash.Of("anna"), RequestKey.Of(one, key));
        Assert.NotEqual(RequestKey.Of(one, key), RequestKey.Of(Request(what, "berta"), key));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_request_without_it_is_hashed_by_the_clients_address(string what, RouteHashKeyOptions key)
    {
        Assert.Equal(ClientHash.Of(Client), RequestKey.Of(Request("nothing", ""), key));
        Assert.Equal(ClientHash.Of(Client), RequestKey.Of(Request(what, ""), key));
        Assert.Equal(ClientHash.Of(Client), RequestKey.Of(Request(what, "anna"), null));
    }

    [Theory]
    [InlineData("?user=anna%20b", "anna b")]
    [InlineData("?user=anna+b", "anna b")]
    [InlineData("?USER=anna", "anna")]
    [InlineData("?a=1&us%65r=anna&user=berta", "anna")]
    [InlineData("?superuser=carl&user=anna#x", "anna#x")]
    public void A_parameter_is_hashed_as_it_is_meant(string query, string expected)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = Client }, Request = { QueryString = new(query) } };

        Assert.Equal(ClientHash.Of(expected), RequestKey.Of(context, new() { Query = "user" }));
    }

    [Theory]
    [InlineData("user=anna", "anna")]
    [InlineData("theme=dark; user=anna; more=1", "anna")]
    [InlineData("theme=dark;user=anna", "anna")]
    [InlineData("superuser=carl; username=dora; user=anna=b", "anna=b")]
    [InlineData("user; user=anna", "anna")]
    [InlineData("USER=berta; user=anna", "anna")]
    public void A_cookie_is_found_among_others(string header, string expected)
    {
        Assert.Equal(expected, CookieHeader.Find(header, "user"));
        Assert.Equal(expected, CookieHeader.Find(new[] { "first=1", header }, "user"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(";;; ;")]
    [InlineData("user")]
    [InlineData("=user")]
    [InlineData("superuser=carl")]
    public void A_cookie_that_is_not_there_is_not_found(string header) => Assert.Equal("", CookieHeader.Find(header, "user"));

    [Theory]
    [MemberData(nameof(Keys))]
    public void It_allocates_nothing(string what, RouteHashKeyOptions key)
    {
        var context = Request(what, "anna");
        var query = key.Query is not null;

        Assert.Equal(0, Allocations.Of(() => RequestKey.Of(context, key)));
        Assert.Equal(query, context.Request.QueryString.HasValue);
    }

    private static DefaultHttpContext Request(string what, string value)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = Client } };
        switch (what)
        {
            case "header":
                context.Request.Headers["X-User"] = value;
                break;
            case "cookie":
                context.Request.Headers.Cookie = $"theme=dark; user={value}";
                break;
            case "query":
                context.Request.QueryString = new($"?page=3&user={value}");
                break;
        }

        return context;
    }
}
