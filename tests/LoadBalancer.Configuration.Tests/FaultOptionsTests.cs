using System.Text.Json;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Configuration.Tests;

public sealed class FaultOptionsTests
{
    [Theory]
    [InlineData("latencyMilliseconds", 0, 600_000)]
    [InlineData("jitterMilliseconds", 0, 600_000)]
    [InlineData("bytesPerSecond", 1, 1_000_000_000)]
    [InlineData("resetAfterBytes", 0, 1_000_000_000)]
    [InlineData("status", 200, 599)]
    [InlineData("percent", 0, 100)]
    public void Both_ends_of_a_range_are_allowed_and_what_is_outside_is_named(string name, int minimum, int maximum)
    {
        Assert.Empty(Read(name, minimum).Validate());
        Assert.Empty(Read(name, maximum).Validate());
        foreach (var outside in new[] { minimum - 1, maximum + 1, int.MinValue, int.MaxValue })
        {
            Assert.Equal([$"{name}: '{outside}' is out of range; must be {minimum} to {maximum}"], Read(name, outside).Validate());
        }
    }

    [Fact]
    public void Every_value_that_is_out_of_range_is_named() =>
        Assert.Equal(
            8,
            new FaultOptions { LatencyMilliseconds = -1, JitterMilliseconds = -1, BytesPerSecond = 0, ResetAfterBytes = -1, Status = 100, Percent = 101, Header = "a b", HeaderValue = "x" }
                .Validate().Concat(new FaultOptions { HeaderValue = "x" }.Validate()).Count());

    [Theory]
    [InlineData("""{ "header": "X-Fault" }""", null)]
    [InlineData("""{ "header": "X-Fault", "headerValue": "" }""", null)]
    [InlineData("""{ "header": "X-Fault", "headerValue": "any value, ü" }""", null)]
    [InlineData("""{ "header": "X Fault" }""", "header: 'X Fault' is not a header name; must be a token such as X-Version")]
    [InlineData("""{ "header": "" }""", "header: '' is not a header name; must be a token such as X-Version")]
    [InlineData("""{ "headerValue": "1" }""", "headerValue: is given without header; must have the header whose value it is")]
    public void A_header_has_a_name_that_headers_can_have(string json, string? error) => Assert.Equal(error is null ? [] : [error], Read(json).Validate());

    [Theory]
    [InlineData("{}", true)]
    [InlineData("""{ "latencyMilliseconds": 0, "jitterMilliseconds": 0, "refuse": false, "blackHole": false }""", true)]
    [InlineData("""{ "percent": 50 }""", true)]
    [InlineData("""{ "percent": 50, "header": "X-Fault", "headerValue": "1" }""", true)]
    [InlineData("""{ "status": 503 }""", false)]
    [InlineData("""{ "status": 503, "percent": 50, "header": "X-Fault" }""", false)]
    [InlineData("""{ "latencyMilliseconds": 1 }""", false)]
    [InlineData("""{ "jitterMilliseconds": 1 }""", false)]
    [InlineData("""{ "bytesPerSecond": 1 }""", false)]
    [InlineData("""{ "resetAfterBytes": 0 }""", false)]
    [InlineData("""{ "refuse": true }""", false)]
    [InlineData("""{ "blackHole": true }""", false)]
    public void Faults_are_none_when_nothing_is_switched_on(string json, bool none) => Assert.Equal(none, Read(json).IsNone);

    [Fact]
    public void Faults_are_read_as_they_were_written()
    {
        var faults = new FaultOptions { LatencyMilliseconds = 1, JitterMilliseconds = 2, BytesPerSecond = 3, ResetAfterBytes = 4, Refuse = true, BlackHole = true, Status = 418, Percent = 5, Header = "X-Fault", HeaderValue = "6" };
        var json = JsonSerializer.Serialize(faults, StatisticsJsonContext.Default.FaultOptions);

        Assert.Equal(faults, Read(json));
        Assert.DoesNotContain("isNone", json, StringComparison.Ordinal);
    }

    private static FaultOptions Read(string name, int value) => Read($$"""{ "{{name}}": {{value}} }""");

    private static FaultOptions Read(string json) => JsonSerializer.Deserialize(json, StatisticsJsonContext.Default.FaultOptions)!;
}
