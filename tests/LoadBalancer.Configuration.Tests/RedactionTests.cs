using System.Reflection;
using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Tests;

public sealed class RedactionTests
{
    // Their names sound of a secret, and they are none: paths, kinds of keys, names of cookies and where a token is.
    private static readonly string[] Innocent =
    [
        "BackendCertificateOptions.KeyPath", "TlsCertificateOptions.KeyPath", "Layer4ListenerOptions.HashKey", "RouteOptions.HashKey",
        "RateLimitOptions.Key", "RouteHashKeyOptions.Cookie", "SessionAffinityOptions.Cookie", "SplitOptions.Cookie",
    ];

    [Fact]
    public void Every_option_whose_name_sounds_of_a_secret_is_one_or_known_not_to_be()
    {
        string[] telling = ["token", "key", "passw", "secret", "cookie", "credential"];
        var suspects = Contract.Properties()
            .Where(property => telling.Any(word => property.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .Where(property => property.Bare() == typeof(string) || property.Name.EndsWith("Key", StringComparison.Ordinal));

        Assert.Empty(suspects.Where(property => !IsSecret(property)).Select(property => property.FullName()).Except(Innocent));
    }

    [Fact]
    public void Secrets_are_left_out_wherever_they_are_and_the_rest_is_not()
    {
        const string Swordfish = "swordfish-swordfish";
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Token = Swordfish;
        file.LoadBalancer.Pools["shop"] = new()
        {
            HealthCheck = new() { Send = $"AUTH {Swordfish}\r\nPING\r\n", Expect = Swordfish, Path = $"/health?code={Swordfish}" },
            BackendTls = new() { ClientCertificate = new() { Path = "client.pfx", Password = Swordfish } },
        };
        file.LoadBalancer.Layer7.AffinityKey = Swordfish;
        file.LoadBalancer.Layer7.Listeners["https"] = new() { Address = "*:443", Tls = new() { Certificates = { ["own"] = new() { Path = "own.pem", KeyPath = "own.key", Password = Swordfish } } } };
        file.LoadBalancer.Layer7.Routes["shop"] = new()
        {
            Pool = "shop",
            Headers = { ["X-Api-Key"] = [Swordfish], ["X-Version"] = ["2"] },
            Query = { ["access_token"] = [Swordfish], ["page"] = ["<7>"] },
            Cookies = { ["session"] = [Swordfish], ["beta"] = ["1"] },
            Transforms =
            [
                new() { ["RequestHeader"] = "Authorization", ["Set"] = $"Basic {Swordfish}" },
                new() { ["QueryValueParameter"] = "apikey", ["Append"] = Swordfish },
                new() { ["RequestHeader"] = "X-Plain", ["Set"] = "kept" },
                new() { ["PathPrefix"] = "/v1" },
            ],
        };
        file.Services["shop"] = new() { ["http"] = [$"http://me:{Swordfish}@127.0.0.1:5001", "http://127.0.0.1:5002"] };

        var text = file.ToJsonWithoutSecrets();

        Assert.DoesNotContain("swordfish", text, StringComparison.OrdinalIgnoreCase);
        var balancer = JsonNode.Parse(text)!["LoadBalancer"]!;
        var pool = balancer["Pools"]!["shop"]!;
        Assert.Equal(("***", "***", "/health?***"), (pool["HealthCheck"]!["Send"]!.GetValue<string>(), pool["HealthCheck"]!["Expect"]!.GetValue<string>(), pool["HealthCheck"]!["Path"]!.GetValue<string>()));
        Assert.Equal("client.pfx", pool["BackendTls"]!["ClientCertificate"]!["Path"]!.GetValue<string>());
        var route = balancer["Layer7"]!["Routes"]!["shop"]!;
        Assert.Equal("""{"X-Api-Key":["***"],"X-Version":["2"]}""", route["Headers"]!.ToJsonString());
        Assert.Contains("\"<7>\"", text, StringComparison.Ordinal);
        Assert.Equal("""{"session":["***"],"beta":["1"]}""", route["Cookies"]!.ToJsonString());
        Assert.Equal(["***", "***", "kept", null], route["Transforms"]!.AsArray().Select(transform => (transform!["Set"] ?? transform["Append"])?.GetValue<string>()));
        Assert.Equal("""["http://***@127.0.0.1:5001","http://127.0.0.1:5002"]""", JsonNode.Parse(text)!["Services"]!["shop"]!["http"]!.ToJsonString());
        Assert.Equal(Swordfish, file.LoadBalancer.Admin.Token);
    }

    [Fact]
    public void What_holds_no_secret_is_as_in_the_file()
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Pools["shop"] = new();
        file.LoadBalancer.Layer7.Routes["shop"] = new() { Pool = "shop", Path = "/{**rest}" };

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(file.ToJson()), JsonNode.Parse(file.ToJsonWithoutSecrets())));
    }

    // The contract's own attribute, which only the contract sees.
    private static bool IsSecret(PropertyInfo property) => property.GetCustomAttributesData().Any(attribute => attribute.AttributeType.Name == "SecretAttribute");
}
