namespace LoadBalancer.Configuration.Tests;

public sealed class ServicesTests
{
    private const string NotAnAddress = "is not an address; must be a URL without a path, such as http://127.0.0.1:5001, host:port, or unix:/path";
    private const string NotEndpoints = "must be an object of endpoint names, each with a list of addresses";

    [Theory]
    [InlineData("http://127.0.0.1:5001")]
    [InlineData("https://example.com")]
    [InlineData("tcp://127.0.0.1:7000")]
    [InlineData("http://[::1]:5001")]
    [InlineData("127.0.0.1:5001")]
    [InlineData("[::1]:5001")]
    [InlineData("host.docker.internal:80")]
    [InlineData("unix:/run/catalog.sock")]
    [InlineData("UNIX:/run/catalog.sock")]
    public void An_address_of_every_form_is_allowed(string address)
    {
        Reading.Valid($$"""{ "Services": { "catalog": { "http": ["{{address}}"] } } }""");
        Reading.Valid($$"""{ "Services": { "catalog": { "http": "{{address}}" } } }""");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://127.0.0.1:5001/base")]
    [InlineData("127.0.0.1")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("127.0.0.1:99999")]
    [InlineData("http://")]
    [InlineData("not an address:80")]
    [InlineData("127.0.0.1:")]
    [InlineData("unix:")]
    [InlineData("unix:/")]
    [InlineData("unix:catalog.sock")]
    [InlineData("unix:5001")]
    [InlineData("unix:/run/a b")]
    [InlineData("")]
    public void What_is_not_an_address_is_named(string address) => Assert.Equal(
        new ConfigurationError("Services:catalog:http:1", $"'{address}' {NotAnAddress}"),
        Reading.Error($$"""{ "Services": { "catalog": { "http": ["http://127.0.0.1:1", "{{address}}"] } } }"""));

    [Fact]
    public void A_single_value_that_is_not_an_address_is_named() => Assert.Equal(
        new ConfigurationError("Services:catalog:http", $"'nonsense' {NotAnAddress}"),
        Reading.Error("""{ "Services": { "catalog": { "http": "nonsense" } } }"""));

    [Theory]
    [InlineData("""{ "Services": {} }""")]
    [InlineData("""{ "Services": { "catalog": {} } }""")]
    [InlineData("""{ "Services": { "catalog": { "http": [] } } }""")]
    [InlineData("""{ "Services": { "catalog": { "http": [], "tcp": ["127.0.0.1:1"] } } }""")]
    public void A_service_without_an_address_is_valid_because_none_may_run(string json) => Reading.Valid(json);

    [Fact]
    public void Addresses_that_are_not_a_list_are_named() => Assert.Equal(
        new ConfigurationError("Services:catalog:http:first", "must be a list of addresses"),
        Reading.Error("""{ "Services": { "catalog": { "http": { "first": "http://127.0.0.1:1" } } } }"""));

    [Fact]
    public void A_service_that_is_a_text_is_named() => Assert.Equal(
        new ConfigurationError("Services:catalog", $"'http://127.0.0.1:1' is not allowed here; {NotEndpoints}"),
        Reading.Error("""{ "Services": { "catalog": "http://127.0.0.1:1" } }"""));

    [Fact]
    public void A_service_that_is_a_list_without_an_endpoint_name_is_named() => Assert.Equal(
        new ConfigurationError("Services:catalog:0", $"'http://127.0.0.1:1' is not allowed here; {NotEndpoints}"),
        Reading.Error("""{ "Services": { "catalog": ["http://127.0.0.1:1"] } }"""));
}
