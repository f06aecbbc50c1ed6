using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Tests;

public sealed class ConfigurationSchemaTests
{
    private const string Committed = "docs/loadbalancer.schema.json";

    private static readonly JsonObject Schema = JsonNode.Parse(ConfigurationSchema.Generate())!.AsObject();

    [Fact]
    public async Task The_committed_schema_is_the_contracts()
    {
        var path = Repository.PathOf(Committed);
        var generated = ConfigurationSchema.Generate();
        if (Environment.GetEnvironmentVariable("UPDATE_SCHEMA") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, generated, TestContext.Current.CancellationToken);
        }

        var committed = File.Exists(path) ? await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) : "";
        Assert.True(
            committed.ReplaceLineEndings("\n") == generated,
            $"{Committed} is not what the contract says. Write it anew with: UPDATE_SCHEMA=1 dotnet test tests/LoadBalancer.Configuration.Tests");
    }

    [Fact]
    public void The_schema_says_which_draft_it_is() =>
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", Schema["$schema"]!.GetValue<string>());

    [Fact]
    public void The_top_level_has_the_sections_that_the_reader_knows() =>
        Assert.Equal(["$schema", "LoadBalancer", "Services", "Logging"], Schema["properties"]!.AsObject().Select(property => property.Key));

    [Fact]
    public void Every_record_refuses_keys_that_it_does_not_have()
    {
        var records = Descendants(Schema).Where(schema => schema.ContainsKey("properties")).ToArray();

        // Each is in the schema once, or where it has another meaning again; the file itself is one more.
        Assert.Equal(Contract.Records().Count() + 1, records.Select(record => string.Join(' ', record["properties"]!.AsObject().Select(property => property.Key))).Distinct().Count());
        Assert.All(records, record => Assert.Equal("false", record["additionalProperties"]!.ToJsonString()));
    }

    [Fact]
    public void Every_property_of_the_contract_has_its_description_in_the_schema()
    {
        var described = Descendants(Schema)
            .Where(schema => schema.ContainsKey("properties"))
            .SelectMany(record => record["properties"]!.AsObject())
            .Select(property => (property.Key, property.Value!["description"]!.GetValue<string>()))
            .ToHashSet();

        Assert.Empty(Contract.Properties().Select(property => (property.Name, property.Description()!)).Except(described));
    }

    [Theory]
    [InlineData("Pools:*:Policy", typeof(SelectionPolicy))]
    [InlineData("Pools:*:HealthCheck:Type", typeof(HealthCheckType))]
    [InlineData("Layer4:Listeners:*:Policy", typeof(SelectionPolicy))]
    [InlineData("Pools:*:SendProxyProtocol", typeof(ProxyProtocolVersion))]
    [InlineData("Layer4:Listeners:*:Protocol", typeof(Layer4Protocol))]
    [InlineData("Layer4:Listeners:*:Mode", typeof(Layer4Mode))]
    [InlineData("Layer4:Listeners:*:HashKey", typeof(Layer4HashKey))]
    [InlineData("Layer7:Listeners:*:Protocols", typeof(HttpListenerProtocols))]
    [InlineData("Layer7:Routes:*:Policy", typeof(SelectionPolicy))]
    [InlineData("Pools:*:HttpVersion", typeof(BackendHttpVersion))]
    [InlineData("Layer7:Routes:*:SessionAffinity:Mode", typeof(SessionAffinityMode))]
    [InlineData("Layer7:Routes:*:SessionAffinity:SameSite", typeof(CookieSameSite))]
    [InlineData("Layer7:Routes:*:SessionAffinity:WhenGone", typeof(AffinityFailure))]
    [InlineData("Layer7:Routes:*:RateLimit:Algorithm", typeof(RateLimitAlgorithm))]
    [InlineData("Layer7:Routes:*:RateLimit:Key", typeof(RateLimitKey))]
    [InlineData("Layer7:ForwardedHeaders:Mode", typeof(ForwardedHeadersMode))]
    [InlineData("Layer7:AccessLog:Format", typeof(AccessLogFormat))]
    [InlineData("Layer7:Listeners:*:Tls:MinimumVersion", typeof(TlsVersion))]
    [InlineData("Layer7:Listeners:*:Tls:ClientCertificate:Mode", typeof(ClientCertificateMode))]
    public void An_enumeration_is_the_list_of_its_names(string key, Type type) =>
        Assert.Equal(Enum.GetNames(type), At(key)["enum"]!.AsArray().Select(name => name?.GetValue<string>()));

    [Fact]
    public void Every_enumeration_of_the_contract_has_a_row_in_the_theory_above() => Assert.Equal(
        Contract.Properties().Select(Contract.Bare).Where(type => type.IsEnum).Select(type => type.Name).Distinct().Order(StringComparer.Ordinal),
        typeof(ConfigurationSchemaTests).GetMethod(nameof(An_enumeration_is_the_list_of_its_names))!.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false)
            .Select(row => ((Type)((InlineDataAttribute)row).Data[1]!).Name).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("Name", "string")]
    [InlineData("DrainTimeout", "string")]
    [InlineData("Pools", "object")]
    [InlineData("Pools:*:Service", "string")]
    [InlineData("Pools:*:HealthCheck:Rise", "integer")]
    [InlineData("Pools:*:Backends:*:Weight", "integer")]
    [InlineData("Admin:Token", "string")]
    [InlineData("Pools:*:MaxConnections", "integer")]
    [InlineData("Pools:*:SlowStart", "string")]
    [InlineData("Pools:*:OutlierEjection", "object")]
    [InlineData("Pools:*:Backends:*:MaxConnections", "integer")]
    [InlineData("Layer4:Listeners:*:IdleTimeout", "string")]
    [InlineData("Layer4:Listeners:*:NoDelay", "boolean")]
    [InlineData("Layer4:Listeners:*:ReusePort", "boolean")]
    [InlineData("Layer4:Listeners:*:MaxReplies", "integer")]
    [InlineData("Layer4:Listeners:*:SourceAffinity", "object")]
    [InlineData("Layer4:Listeners:*:ProxyProtocol", "object")]
    [InlineData("Layer4:Listeners:*:AllowedNetworks", "array")]
    [InlineData("Layer4:Listeners:*:TlsRoutes", "object")]
    [InlineData("Layer4:Listeners:*:TlsRoutes:*:ServerNames", "array")]
    [InlineData("Layer7:Routes:*:Hosts", "array")]
    [InlineData("Layer7:Routes:*:Headers:*", "array")]
    [InlineData("Layer7:Routes:*:Query:*", "array")]
    [InlineData("Layer7:Routes:*:Order", "integer")]
    [InlineData("Layer7:Routes:*:Cache", "object")]
    [InlineData("Layer7:Routes:*:SessionAffinity", "object")]
    [InlineData("Layer7:Listeners:*:Tls", "object")]
    [InlineData("Layer7:Listeners:*:ProxyProtocol", "object")]
    [InlineData("Layer7:Routes:*:Cookies:*", "array")]
    [InlineData("Layer7:Routes:*:Listeners", "array")]
    [InlineData("Layer7:Routes:*:Transforms", "array")]
    [InlineData("Layer7:Routes:*:Retry:Statuses", "array")]
    [InlineData("Layer7:Routes:*:MaxRequestBodySize", "integer")]
    [InlineData("Layer7:Routes:*:Split:Pools", "object")]
    [InlineData("Layer7:Routes:*:Split:Pools:*", "integer")]
    [InlineData("Layer7:Routes:*:Split:Sticky", "boolean")]
    [InlineData("Layer7:Routes:*:Timeouts:Total", "string")]
    [InlineData("Layer7:AllowedHosts", "array")]
    [InlineData("Layer7:DetailedErrors", "boolean")]
    [InlineData("Layer7:AffinityKey", "string")]
    [InlineData("Pools:*:BackendTls:InsecureAllowUntrusted", "boolean")]
    public void A_key_has_one_type_and_null_is_none(string key, string type) => Assert.Equal(type, At(key)["type"]!.GetValue<string>());

    [Fact]
    public void Entries_of_lists_have_the_type_of_what_they_are()
    {
        Assert.Equal("integer", At("Layer7:Routes:*:Retry:Statuses")["items"]!["type"]!.GetValue<string>());
        Assert.Equal("object", At("Layer7:Routes:*:Transforms")["items"]!["type"]!.GetValue<string>());
        Assert.Equal("string", At("Layer7:Routes:*:Transforms")["items"]!["additionalProperties"]!["type"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("00:00:05")]
    [InlineData("00:00:00.1")]
    [InlineData("7.00:00:00")]
    [InlineData("23:59:59.9999999")]
    public void A_time_that_the_reader_takes_passes_the_schema(string time)
    {
        Assert.DoesNotContain(Reading.Json("{}", ("LoadBalancer:DrainTimeout", time)).Errors, error => error.Message.Contains("must be a time", StringComparison.Ordinal));
        Assert.Matches(At("DrainTimeout")["pattern"]!.GetValue<string>(), time);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5s")]
    [InlineData("24:00:00")]
    [InlineData("00:60:00")]
    [InlineData("00:00:60")]
    [InlineData("-00:00:05")]
    public void A_time_that_the_reader_refuses_fails_the_schema(string time)
    {
        Assert.NotEmpty(Reading.Json("{}", ("LoadBalancer:DrainTimeout", time)).Errors);
        Assert.DoesNotMatch(At("DrainTimeout")["pattern"]!.GetValue<string>(), time);
    }

    [Fact]
    public void Every_time_has_the_one_pattern_and_no_remark_of_the_exporter()
    {
        var times = Descendants(Schema).Where(schema => schema.ContainsKey("pattern")).ToArray();

        Assert.Equal(
            Contract.Properties().Where(property => property.Bare() == typeof(TimeSpan)).Select(Contract.Description).Distinct().Order(StringComparer.Ordinal),
            times.Select(time => time["description"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal));
        Assert.Single(times.Select(time => time["pattern"]!.GetValue<string>()).Distinct());
        Assert.DoesNotContain(Descendants(Schema), schema => schema.ContainsKey("$comment"));
    }

    [Fact]
    public void Every_switch_is_a_boolean() =>
        Assert.Equal(
            Contract.Properties().Count(property => property.Bare() == typeof(bool)),
            Descendants(Schema).Count(schema => schema["type"] is JsonValue type && type.GetValue<string>() == "boolean"));

    [Theory]
    [InlineData(Reading.ValidFile)]
    [InlineData(ReadingTests.EveryKey)]
    public void A_file_that_the_reader_takes_uses_only_keys_of_the_schema(string json) =>
        Assert.Empty(Unknown(JsonNode.Parse(json)!, Schema, ""));

    [Fact]
    public void A_written_file_uses_only_keys_of_the_schema()
    {
        var file = new ConfigurationFile
        {
            Schema = "x",
            Logging = JsonSerializer.SerializeToElement(new { LogLevel = new { Default = "Debug" } }),
            Services = { ["s"] = new() { ["http"] = ["127.0.0.1:1"] } },
            LoadBalancer = { Layer7 = { Routes = { ["r"] = new() { Pool = "p", Cache = new(), SessionAffinity = new(), Query = { ["q"] = ["1"] } } } } },
        };

        Assert.Empty(Unknown(JsonNode.Parse(file.ToJson())!, Schema, ""));
    }

    [Theory]
    [InlineData("""{ "LoadBalancers": {} }""", "LoadBalancers")]
    [InlineData("""{ "LoadBalancer": { "Pool": {} } }""", "LoadBalancer:Pool")]
    [InlineData("""{ "LoadBalancer": { "Pools": { "p": { "Weight": 1 } } } }""", "LoadBalancer:Pools:p:Weight")]
    [InlineData("""{ "LoadBalancer": { "Layer7": { "Routes": { "r": { "Cache": { "Ttl": "00:00:01" } } } } } }""", "LoadBalancer:Layer7:Routes:r:Cache:Ttl")]
    public void A_key_that_the_reader_refuses_is_none_of_the_schema(string json, string key)
    {
        Assert.Equal([key], Unknown(JsonNode.Parse(json)!, Schema, ""));
        var errors = Reading.Json(json).Errors.Concat(ConfigurationReader.UnknownSections(Reading.Configuration(json)));
        Assert.Contains(errors, error => error.Key == key && error.Message.StartsWith("unknown key", StringComparison.Ordinal));
    }

    /// <summary>The schema of a key in the section LoadBalancer; <c>*</c> is any name.</summary>
    private static JsonObject At(string key) => key.Split(':').Aggregate(
        Schema["properties"]!["LoadBalancer"]!.AsObject(),
        (schema, segment) => Resolve(segment == "*" ? schema["additionalProperties"]! : schema["properties"]![segment]!));

    private static IEnumerable<JsonObject> Descendants(JsonNode? node) => node switch
    {
        JsonObject schema => schema.SelectMany(pair => Descendants(pair.Value)).Prepend(schema).Where(descendant => descendant.Parent is null || descendant.GetPropertyName() != "properties"),
        JsonArray list => list.SelectMany(Descendants),
        _ => [],
    };

    private static IEnumerable<string> Unknown(JsonNode? json, JsonObject schema, string path)
    {
        if (json is not JsonObject file || schema["type"]?.GetValue<string>() != "object")
        {
            return [];
        }

        return file.SelectMany(pair =>
        {
            var key = path.Length == 0 ? pair.Key : $"{path}:{pair.Key}";
            if (schema["properties"]?[pair.Key] is { } known)
            {
                return Unknown(pair.Value, Resolve(known), key);
            }

            return schema["additionalProperties"] is JsonObject any ? Unknown(pair.Value, Resolve(any), key) : [key];
        });
    }

    // A schema that occurs twice is a reference to the first: "#/properties/…".
    private static JsonObject Resolve(JsonNode schema) => schema["$ref"] is { } reference
        ? reference.GetValue<string>().Split('/').Skip(1).Aggregate((JsonNode)Schema, (node, segment) => node[segment]!).AsObject()
        : schema.AsObject();
}
