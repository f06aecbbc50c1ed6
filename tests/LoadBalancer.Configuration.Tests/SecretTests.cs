namespace LoadBalancer.Configuration.Tests;

public sealed class SecretTests
{
    private const string Secret = "hunter2-hunter2-hunter2";

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public void A_token_of_either_length_is_allowed(int length) =>
        Assert.Equal(new string('x', length), Reading.Valid(Reading.ValidFile, ("LoadBalancer:Admin:Token", new string('x', length))).Admin.Token);

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(257)]
    public void A_token_that_is_too_short_or_too_long_is_named_without_its_value(int length) => Assert.Equal(
        new ConfigurationError("LoadBalancer:Admin:Token", $"has {length} characters; must have 16 to 256"),
        Reading.Error(Reading.ValidFile, ("LoadBalancer:Admin:Token", new string('x', length))));

    [Theory]
    [InlineData($"{Secret} {Secret}")]
    [InlineData($"{Secret}\n")]
    [InlineData($"{Secret}\0")]
    [InlineData($"{Secret}ü")]
    public void A_token_that_no_request_can_carry_is_named_without_its_value(string token) => Assert.Equal(
        new ConfigurationError("LoadBalancer:Admin:Token", "has a character that a request cannot carry; must be printable ASCII without spaces"),
        Reading.Error(Reading.ValidFile, ("LoadBalancer:Admin:Token", token)));

    [Theory]
    [InlineData("LoadBalancer:Admin:Token", "hunter2")]
    [InlineData("LoadBalancer:Admin:Token", $"{Secret} {Secret}")]
    [InlineData("LoadBalancer:Admin:Token:0", Secret)]
    [InlineData("LoadBalancer:Admin:Token:a", Secret)]
    [InlineData("LoadBalancer:Admin:Tokn", Secret)]
    [InlineData("LoadBalancer:Token", Secret)]
    public void No_error_message_has_a_token(string key, string value)
    {
        var result = Reading.Json(Reading.ValidFile, (key, value));

        Assert.NotEmpty(result.Errors);
        Assert.DoesNotContain("hunter2", string.Join("\n", result.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_options_print_a_token()
    {
        var options = Reading.Valid(Reading.ValidFile, ("LoadBalancer:Admin:Token", Secret));

        Assert.Equal(Secret, options.Admin.Token);
        Assert.Equal("AdminOptions { Address = localhost:9080 }", options.Admin.ToString());
        object[] printed = [options.Admin, options, new ConfigurationFile { LoadBalancer = options }, new ConfigurationResult(options, [])];
        Assert.All(printed, record => Assert.DoesNotContain("hunter2", record.ToString(), StringComparison.Ordinal));
        Assert.All(printed[1..], record => Assert.Contains("localhost:9080", record.ToString(), StringComparison.Ordinal));
    }
}
