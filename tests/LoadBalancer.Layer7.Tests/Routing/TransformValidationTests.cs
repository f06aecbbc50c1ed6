using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing;
using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Layer7.Tests.Routing;

/// <summary>A wrong transform is an error when the configuration is read, and not at the first request.</summary>
public sealed class TransformValidationTests
{
    [Theory]
    [InlineData("PathPreffix=/x", "", "'PathPreffix' is no transform", "PathPrefix, PathRemovePrefix, PathSet, PathPattern")]
    [InlineData("", "", "is empty", "ResponseCookie, ResponseLocation")]
    [InlineData("PathPrefix=/a;PathSet=/b", "", "PathPrefix and PathSet", "an entry of its own")]
    [InlineData("PathPrefix=/a;Set=/b", ":Set", "unknown key", "PathPrefix allows none beside it")]
    [InlineData("RequestHeader=X-A;Sett=b", ":Sett", "unknown key", "RequestHeader allows Set, Append")]
    [InlineData("RequestHeader=X-A", "", "RequestHeader must have one of Set and Append", "")]
    [InlineData("RequestHeader=X-A;Set=a;Append=b", "", "RequestHeader must have one of Set and Append", "")]
    [InlineData("RequestHeader=X A;Set=a", ":RequestHeader", "'X A' is not a header name", "a token")]
    [InlineData("RequestHeader=X-A;Set=a\nb", ":Set", "has a control character", "")]
    [InlineData("RequestHeader=Transfer-Encoding;Set=chunked", ":RequestHeader", "'Transfer-Encoding' is the balancer's own to set", "")]
    [InlineData("ResponseHeader=Content-Length;Set=5", ":ResponseHeader", "'Content-Length' is the balancer's own to set", "")]
    [InlineData("ResponseHeader=X-A;Set=b;When=Sometimes", ":When", "'Sometimes' is not allowed", "must be one of Always, Success, Failure")]
    [InlineData("ResponseHeaderRemove=X-A;When=Never", ":When", "'Never' is not allowed", "must be one of Always, Success, Failure")]
    [InlineData("RequestHeadersCopy=perhaps", ":RequestHeadersCopy", "'perhaps' is not allowed", "must be one of true, false")]
    [InlineData("RequestHeadersAllowed=", ":RequestHeadersAllowed", "is not a list of header names", "';'")]
    [InlineData("HttpMethodChange=GET", "", "HttpMethodChange must have Set", "")]
    [InlineData("HttpMethodChange=G T;Set=PUT", ":HttpMethodChange", "'G T' is not an HTTP method", "")]
    [InlineData("PathPattern=/v2/{**other}", ":PathPattern", "has the parameter 'other'", "id, rest")]
    [InlineData("PathPattern=/v2/{x", ":PathPattern", "'/v2/{x' is not a path template", "")]
    [InlineData("PathPrefix=/v2?x", ":PathPrefix", "'/v2?x' is not a path", "without '?' and '#'")]
    [InlineData("RequestHeaderRouteValue=X-A;Set=other", ":Set", "'other' must be a parameter of the route's Path", "id, rest")]
    [InlineData("QueryRouteParameter=a;Append=other", ":Append", "'other' must be a parameter of the route's Path", "id, rest")]
    [InlineData("X-Forwarded=append", ":X-Forwarded", "'append' is not allowed", "must be one of Off, Set, Append, Remove")]
    [InlineData("Forwarded=for,by,whom", ":Forwarded", "'for,by,whom' is not allowed", "must be a list of for, host, proto, by")]
    [InlineData("Forwarded=for;ForFormat=Plain", ":ForFormat", "'Plain' is not allowed", "RandomAndPort")]
    [InlineData("ResponseCookie=id", "", "ResponseCookie must have one or more of", "Domain, Path, Prefix, Secure, HttpOnly, SameSite")]
    [InlineData("ResponseCookie=a b;Secure=true", ":ResponseCookie", "'a b' is not a cookie's name", "* for all")]
    [InlineData("ResponseCookie=*;Secure=yes", ":Secure", "'yes' is not allowed", "must be one of true, false")]
    [InlineData("ResponseCookie=*;SameSite=Loose", ":SameSite", "'Loose' is not allowed", "must be one of Strict, Lax, None, Unspecified")]
    [InlineData("ResponseCookie=*;Path=/x;y", ":y", "unknown key", "")]
    [InlineData("ResponseCookie=*;Path=x", ":Path", "'x' is not a cookie's path", "must start with '/'")]
    [InlineData("ResponseCookie=*;Domain=a b", ":Domain", "'a b' is not a domain", "empty for none")]
    [InlineData("ResponseLocation=http://a/", "", "ResponseLocation must be Off, or the beginning of a URL with Set", "")]
    [InlineData("ResponseLocation=Off;Set=/b", "", "ResponseLocation must be Off, or the beginning of a URL with Set", "")]
    [InlineData("ResponseLocation=a b;Set=/b", ":ResponseLocation", "'a b' is not the beginning of a URL", "")]
    public void Errors_name_route_index_and_key_and_what_is_allowed(string transform, string key, string what, string allowed)
    {
        var bad = transform.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair.Length > 1 ? pair[1] : "");
        var options = TestBalancer.Options(("items", new() { Path = "/items/{id}/{**rest}", Transforms = [new() { ["PathSet"] = "/good" }, bad] }));

        var error = Assert.Single(RouteValidator.Validate(options));

        Assert.Equal($"LoadBalancer:Layer7:Routes:items:Transforms:1{key}", error.Key);
        Assert.Contains(what, error.Message);
        Assert.Contains(allowed, error.Message);
    }

    [Fact]
    public void They_are_read_from_a_file_and_every_error_is_named()
    {
        const string Json = """
            { "LoadBalancer": { "Pools": { "web": {} }, "Layer7": { "Routes": { "items": { "Pool": "web", "Path": "/{**rest}", "Transforms": [
              { "PathPattern": "/v2/{**rest}" },
              { "Unknown": "x" },
              { "responseheader": "X-A", "set": "b", "when": "always" },
              { "ResponseCookie": "*", "Domain": "", "Secure": true },
              { "RequestHeader": null, "Set": "a" },
              { "RequestHeader": "X-A", "Set": { "a": "b" } }
            ] } } } } }
            """;
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Json));

        var errors = ConfigurationReader.Read(new ConfigurationBuilder().AddJsonStream(stream).Build(), RouteValidator.Validate).Errors.Select(error => error.ToString()).ToList();

        Assert.Contains(errors, error => error.StartsWith("LoadBalancer:Layer7:Routes:items:Transforms:1", StringComparison.Ordinal) && error.Contains("'Unknown' is no transform"));
        Assert.Contains(errors, error => error.StartsWith("LoadBalancer:Layer7:Routes:items:Transforms:4", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("LoadBalancer:Layer7:Routes:items:Transforms:5:Set", StringComparison.Ordinal));
        Assert.DoesNotContain(errors, error => error.Contains("Transforms:0") || error.Contains("Transforms:2") || error.Contains("Transforms:3"));
    }

    [Fact]
    public void Every_transform_of_YARP_is_known()
    {
        // The first keys in the documentation of YARP 2.3, "Request and response transforms".
        Dictionary<string, string>[] transforms =
        [
            new() { ["PathPrefix"] = "/a" }, new() { ["PathRemovePrefix"] = "/a" }, new() { ["PathSet"] = "/a" }, new() { ["PathPattern"] = "/a/{**rest}" },
            new() { ["QueryValueParameter"] = "a", ["Set"] = "b" }, new() { ["QueryRouteParameter"] = "a", ["Append"] = "rest" }, new() { ["QueryRemoveParameter"] = "a" },
            new() { ["HttpMethodChange"] = "PUT", ["Set"] = "POST" },
            new() { ["RequestHeadersCopy"] = "false" }, new() { ["RequestHeaderOriginalHost"] = "true" }, new() { ["RequestHeader"] = "A", ["Set"] = "b" },
            new() { ["RequestHeaderRouteValue"] = "A", ["Append"] = "rest" }, new() { ["RequestHeaderRemove"] = "A" }, new() { ["RequestHeadersAllowed"] = "A;B" },
            new() { ["X-Forwarded"] = "Set", ["For"] = "Remove", ["Proto"] = "Append", ["Prefix"] = "Off", ["Host"] = "Set", ["HeaderPrefix"] = "X-Forwarded-" },
            new() { ["Forwarded"] = "by,for,host,proto", ["ByFormat"] = "Random", ["ForFormat"] = "IpAndPort", ["Action"] = "Append" }, new() { ["ClientCert"] = "X-Cert" },
            new() { ["ResponseHeadersCopy"] = "false" }, new() { ["ResponseHeader"] = "A", ["Append"] = "b", ["When"] = "Always" }, new() { ["ResponseHeaderRemove"] = "A", ["When"] = "Failure" },
            new() { ["ResponseHeadersAllowed"] = "A" }, new() { ["ResponseTrailersCopy"] = "false" }, new() { ["ResponseTrailer"] = "A", ["Set"] = "b" },
            new() { ["ResponseTrailerRemove"] = "A" }, new() { ["ResponseTrailersAllowed"] = "A" },
        ];

        Assert.Empty(RouteValidator.Validate(TestBalancer.Options(("all", new() { Path = "/{**rest}", Transforms = transforms }))));
    }
}
